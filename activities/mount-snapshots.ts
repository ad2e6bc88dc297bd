import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MOUNTED } from '../contract/mount.ts';
import { readLines } from '../process/output.ts';
import type { Programs } from '../process/programs.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { judge } from './input/judge.ts';
import { wantedName } from './input/shapes.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';
import { planTag } from './restic/arguments.ts';
import { callRestic, failed } from './restic/call.ts';

const mountInput = z.strictObject({ plan: wantedName });

/** What restic 0.19.1 prints once the directory can be looked into. */
const SERVING = /^Now serving the repository at/;

/**
 * Mounts the snapshots of a plan below `<restore_directory>/mount-<plan>` by FUSE until it is cancelled.
 *
 * It takes no lock, so that it may stay for as long as somebody looks without holding up forget or prune; a snapshot that is
 * forgotten and pruned meanwhile can no longer be read.
 *
 * @throws {PhaseError} ConfigInvalid when it is mounted already; ToolMissing without FUSE
 */
export async function mountSnapshots(deps: ActivityDependencies, input: unknown, context: PhaseContext): Promise<void> {
  const request = judge(mountInput, input, 'the input of a mount must be {"plan": "NAME"}');
  const plan = findPlan(deps.configuration, request.plan);
  const { host, restoreDirectory, stateDirectory } = deps.configuration;
  const directory = join(restoreDirectory, `mount-${plan.name}`);
  await requireFuse(deps.programs);
  await sweep(deps.programs, directory, plan.name);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  try {
    const binding = { programs: deps.programs, repository: plan.repository, stateDirectory, context };
    const filter = ['--host', host, '--tag', planTag(plan.name)];
    const result = await callRestic(binding, ['mount', '--no-lock', ...filter, directory], {
      // Idle for as long as nobody looks.
      progress: 'none',
      consume: async (stdout) => {
        for await (const line of readLines(stdout)) {
          if (SERVING.test(line)) context.report({ phase: MOUNTED, currentItem: directory });
        }
      },
    });
    // Unmounted by hand, it ends well.
    if (result.exitCode !== 0) throw failed(binding, 'mount', result);
  } finally {
    await unmount(deps.programs, directory);
    await rmdir(directory).catch(() => undefined);
  }
}

async function requireFuse(programs: Programs): Promise<void> {
  try {
    await programs.find('fusermount3').catch(async () => programs.find('fusermount'));
  } catch (error) {
    throw new PhaseError(
      'ToolMissing',
      "the worker's machine has no FUSE: fusermount is not on its PATH. apt-get install fuse3",
      {
        cause: error,
      },
    );
  }
}

/** Takes away what a worker that was killed left: its restic is gone, and the directory answers nobody. */
async function sweep(programs: Programs, directory: string, plan: string): Promise<void> {
  const { exitCode } = await programs.run({ program: 'ls', args: ['--', `${directory}/snapshots`], timeoutMs: 10_000 });
  if (exitCode === 0) {
    throw new PhaseError(
      'ConfigInvalid',
      `the snapshots of plan ${plan} are mounted already, at ${directory}. End that mount first.`,
    );
  }
  await unmount(programs, directory);
}

async function unmount(programs: Programs, directory: string): Promise<void> {
  for (const program of ['fusermount3', 'fusermount']) {
    // Nothing is mounted: that is what was wanted.
    await programs.run({ program, args: ['-u', '-z', '--', directory] }).catch(() => undefined);
  }
}
