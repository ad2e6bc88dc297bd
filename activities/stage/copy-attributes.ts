import type { Programs } from '../../process/programs.ts';
import { PhaseError } from '../phase-error.ts';
import { type BytePath, toBuffer } from './byte-path.ts';

export interface AttributesCopy {
  /** Directory that the paths are relative to. */
  base: string;
  /** Directory that holds the copies under the same relative paths. */
  target: string;
  programs: Programs;
  signal: AbortSignal;
}

/** Directories in one tar archive that passes through memory: 1.5 KiB each. */
const DIRECTORY_BATCH = 5_000;

/** xargs: some of the calls failed; above it, none could be made (xargs(1), EXIT STATUS). */
const XARGS_SOME_FAILED = 123;

/** Modes and times to the nanosecond, owners where the worker may set them, extended attributes and ACLs where there are any. */
const CP = ['cp', '--archive', '--attributes-only', '--no-preserve=links', '--parents'];

const ALL_ATTRIBUTES = ['--acls', '--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-permissions'];

/**
 * Gives copied files everything but their content, and makes the symbolic links (GNU coreutils 9.1). Node could not: its
 * utimes takes a double, which holds no nanoseconds.
 *
 * Not one source is opened for its content, so a link that took a file's place in the meantime gives nothing away.
 *
 * @returns what cp complained of, empty when all went well: a source may have vanished, which is for the caller to find out.
 * @throws {PhaseError} DiskFull, ToolMissing
 */
export async function copyFileAttributes(copy: AttributesCopy, paths: readonly BytePath[]): Promise<string> {
  const result = await copy.programs.run({
    program: 'xargs',
    args: ['--null', '--no-run-if-empty', '--', ...CP, `--target-directory=${copy.target}`, '--'],
    cwd: copy.base,
    input: nulTerminated(paths),
    signal: copy.signal,
  });
  throwIfFull(result.stderr, copy.target);
  if (result.exitCode > XARGS_SOME_FAILED || result.stderr.includes('unrecognized option')) {
    throw new PhaseError(
      'ToolMissing',
      `xargs and cp of GNU findutils and coreutils are needed to keep modes and times: ${result.stderr}`,
    );
  }
  return result.stderr;
}

/**
 * Gives copied directories their attributes, not touching what they hold. To be called when nothing is added to them any more,
 * since that would change their times. cp cannot do it without descending, so the directories pass through tar.
 *
 * @returns what tar complained of, empty when all went well.
 * @throws {PhaseError} DiskFull
 */
export async function copyDirectoryAttributes(copy: AttributesCopy, paths: readonly BytePath[]): Promise<string> {
  // Deepest first: once a directory is read-only, what lies in it is out of reach of a worker that is not root.
  const ordered = paths.toReversed().map((path) => (path === '' ? ('.' as BytePath) : path));
  const complaints: string[] = [];
  for (let start = 0; start < ordered.length; start += DIRECTORY_BATCH) {
    complaints.push(...(await passThroughTar(copy, ordered.slice(start, start + DIRECTORY_BATCH))));
  }
  return complaints.filter((complaint) => complaint !== '').join('\n');
}

async function passThroughTar(copy: AttributesCopy, paths: readonly BytePath[]): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  const names = ['--null', '--no-unquote', '--no-recursion', '--files-from=-'];
  const written = await copy.programs.run({
    program: 'tar',
    args: ['--create', '--format=posix', '--acls', '--xattrs', '--file=-', ...names],
    cwd: copy.base,
    input: nulTerminated(paths),
    signal: copy.signal,
    consume: async (stdout) => {
      for await (const chunk of stdout) chunks.push(chunk);
    },
  });
  const read = await copy.programs.run({
    program: 'tar',
    // A time in the future is the source's own affair.
    args: ['--extract', ...ALL_ATTRIBUTES, '--warning=no-timestamp', '--file=-'],
    cwd: copy.target,
    input: Buffer.concat(chunks),
    signal: copy.signal,
  });
  throwIfFull(read.stderr, copy.target);
  return [written.stderr, read.stderr];
}

function nulTerminated(paths: readonly BytePath[]): Uint8Array {
  return toBuffer(paths.map((path) => `${path}\0`).join('') as BytePath);
}

function throwIfFull(stderr: string, target: string): void {
  if (!/No space left on device|Disk quota exceeded/.test(stderr)) return;
  throw new PhaseError('DiskFull', `the disk of ${target} is full. Free some space: the run goes on by itself.`);
}
