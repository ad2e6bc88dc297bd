import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stageFiles } from '../../activities/stage/stage-files.ts';
import type { FilesSource } from '../../config/types.ts';
import { createTestContext, programs, type TestContext, withDirectory } from './phase-context.ts';

/** A files source `config` that takes everything below base unless told otherwise. */
export function filesSource(base: string, overrides: Partial<FilesSource> = {}): FilesSource {
  const defaults = { paths: ['.'], optionalPaths: [], exclude: [], maxShrinkRatio: 0.5 };
  return { kind: 'files', name: 'config', base, ...defaults, ...overrides };
}

/** A new base and a new stage beside it. */
export interface StagePlace {
  base: string;
  stage: string;
  context: TestContext;
  /** Stages base as `files/config`. */
  run(overrides?: Partial<FilesSource>): ReturnType<typeof stageFiles>;
}

export async function withStagePlace(body: (place: StagePlace) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const base = join(directory, 'base');
    const stage = join(directory, 'stage');
    await mkdir(base);
    await mkdir(stage, { mode: 0o700 });
    const context = createTestContext();
    await body({
      base,
      stage,
      context,
      run: (overrides) => stageFiles({ source: filesSource(base, overrides), stageDirectory: stage, programs }, context),
    });
  });
}

/** Runs a shell script and returns its output. @throws what it printed as an error */
export async function shell(cwd: string, script: string): Promise<string> {
  const result = await programs.run({ program: 'sh', args: ['-euc', script], cwd });
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return result.stdout;
}

/** All of a tree: names with odd bytes escaped, types, modes, owners, times to the nanosecond, link targets, digests. */
export async function describeTree(directory: string): Promise<string> {
  const stats = await shell(directory, "find . -printf '%P|%y|%m|%U:%G|%T@|%l\\0' | sort -z | od -An -c -v");
  const sums = await shell(directory, 'find . -type f -print0 | sort -z | xargs -0 -r sha256sum -z | od -An -c -v');
  return stats + sums;
}
