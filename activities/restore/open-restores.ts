/**
 * Which restores have something lying about, kept on disk from the moment before they make their place until they have closed.
 *
 * A restore that was terminated never closes. The record is how the next run, of whatever kind, finds what it left: a tree with
 * plaintext dumps, and places in use that are half swapped.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Configuration } from '../../config/types.ts';
import type { RunReference } from '../../contract/backup.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { namesIn } from '../presence.ts';
import type { IsRunOpen } from '../run/claim.ts';
import { removeTree } from '../stage/remove-tree.ts';
import { writeDurably } from '../stage/write-durably.ts';
import { undoUnfinished } from './put-back-source.ts';
import { partialPath } from './restore-place.ts';

const recordSchema = z.object({ plan: z.string(), workflowId: z.string(), runId: z.string(), startedAt: z.string() });

/** Notes that a restore is about to make its place. Safe to repeat. */
export async function noteRestore({ stateDirectory }: Configuration, run: RunReference): Promise<void> {
  await mkdir(recordsDirectory(stateDirectory), { recursive: true, mode: 0o700 });
  const { plan, workflowId, runId, startedAt } = run;
  await writeDurably(recordPath(stateDirectory, runId), JSON.stringify({ plan, workflowId, runId, startedAt }));
}

/** Notes that nothing of a restore lies about any more. Safe to repeat. */
export async function dropRestore({ stateDirectory }: Configuration, { runId }: RunReference): Promise<void> {
  await rm(recordPath(stateDirectory, runId), { force: true });
}

/** Undoes and removes what restores left that Temporal no longer has open. A finished tree has another name, and stays. */
export async function sweepDeadRestores(configuration: Configuration, isRunOpen: IsRunOpen): Promise<void> {
  await oneAtATime('sweep restores', async () => {
    for (const run of await loadRestores(configuration.stateDirectory)) {
      if (await isRunOpen(run)) continue;
      const tree = partialPath(configuration.restoreDirectory, run);
      await undoUnfinished(tree, run);
      await removeTree(tree);
      await dropRestore(configuration, run);
    }
  });
}

async function loadRestores(stateDirectory: string): Promise<RunReference[]> {
  const directory = recordsDirectory(stateDirectory);
  const names = await namesIn(directory);
  const records = names.filter((name) => name.endsWith('.json')).map(async (name) => loadRestore(join(directory, name)));
  return (await Promise.all(records)).flat();
}

/** One that is gone meanwhile was closed, and one that cannot be read names nothing that could be swept. */
async function loadRestore(path: string): Promise<RunReference[]> {
  try {
    return [recordSchema.parse(JSON.parse(await readFile(path, 'utf8')))];
  } catch {
    return [];
  }
}

function recordPath(stateDirectory: string, runId: string): string {
  return join(recordsDirectory(stateDirectory), `${runId.replaceAll(/[^\w-]/g, '_')}.json`);
}

function recordsDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'restores');
}
