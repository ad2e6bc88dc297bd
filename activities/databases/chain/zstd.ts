import { createHash } from 'node:crypto';
import { ProgramMissing } from '../../../process/errors.ts';
import type { Programs } from '../../../process/programs.ts';
import { PhaseError } from '../../phase-error.ts';
import type { HashResult } from '../../stage/copy-file.ts';

/** The first that has --patch-from (zstd's CHANGELOG, v1.4.5). */
const OLDEST_ZSTD = [1, 4, 5] as const;
const ADVICE = `Install zstd ${OLDEST_ZSTD.join('.')} or newer on the worker's machine (apt-get install zstd).`;

/** Looks for a zstd that knows patches. @returns its version @throws {PhaseError} ToolMissing */
export async function requireZstd(programs: Programs, signal: AbortSignal): Promise<string> {
  const stdout = await versionText(programs, signal);
  const [version = '', ...numbers] = /(\d+)\.(\d+)\.(\d+)/.exec(stdout) ?? [];
  const [major = 0, minor = 0, patch = 0] = numbers.map(Number);
  const [oldMajor, oldMinor, oldPatch] = OLDEST_ZSTD;
  const isNew = major * 1e6 + minor * 1e3 + patch >= oldMajor * 1e6 + oldMinor * 1e3 + oldPatch;
  if (!isNew) throw new PhaseError('ToolMissing', `zstd ${version} is too old for patches. ${ADVICE}`);
  return version;
}

async function versionText(programs: Programs, signal: AbortSignal): Promise<string> {
  try {
    return (await programs.run({ program: 'zstd', args: ['--version'], signal, timeoutMs: 20_000 })).stdout;
  } catch (error) {
    if (!(error instanceof ProgramMissing)) throw error;
    throw new PhaseError('ToolMissing', `zstd is not on the PATH. ${ADVICE}`, { cause: error });
  }
}

/** Arguments that go with every patch; a window of 2 GiB is zstd's largest. */
export const PATCH_WINDOW = '--long=31';

/**
 * Hashes what zstd makes of a file, without writing it anywhere, or says why it refuses. `from`: what the file is a patch of, where it is
 * one by `--patch-from`.
 */
export async function hashPatched(
  programs: Programs,
  { from, patch }: { from?: string; patch: string },
  signal: AbortSignal,
): Promise<HashResult | { refused: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const { exitCode, stderr } = await programs.run({
    program: 'zstd',
    args: ['-q', '-d', '-c', PATCH_WINDOW, ...(from === undefined ? [] : [`--patch-from=${from}`]), patch],
    signal,
    killAfterMs: 500,
    consume: async (stdout) => {
      for await (const chunk of stdout) {
        hash.update(chunk);
        bytes += chunk.length;
      }
    },
  });
  return exitCode === 0 ? { bytes, sha256: hash.digest('hex') } : { refused: stderr };
}
