import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Plan } from '../../config/types.ts';
import { writeDurably } from '../stage/write-durably.ts';

/**
 * What is remembered of snapshots on the worker's disk: `proven` passed a drill, `incomplete` lacks files that restic could not read.
 *
 * Not in the repository: a tag would give the snapshot another id (restic 0.19.1, `tag --help`).
 */
export type SnapshotMark = 'proven' | 'incomplete';

/** So many ids of each kind are kept, the newest first. */
const MAX_IDS = 100;

const idsSchema = z.array(z.string());

/** Ids of the marked snapshots, the last marked first. Empty when nothing is remembered, or the file was damaged. */
export async function loadMarked(plan: Plan, mark: SnapshotMark): Promise<string[]> {
  try {
    return idsSchema.parse(JSON.parse(await readFile(pathOf(plan, mark), 'utf8')));
  } catch {
    return [];
  }
}

/** Marks a snapshot. Safe to repeat. */
export async function markSnapshot(plan: Plan, mark: SnapshotMark, snapshotId: string): Promise<void> {
  const others = (await loadMarked(plan, mark)).filter((id) => id !== snapshotId);
  await mkdir(plan.stateDirectory, { recursive: true, mode: 0o700 });
  await writeDurably(pathOf(plan, mark), JSON.stringify([snapshotId, ...others].slice(0, MAX_IDS)));
}

function pathOf(plan: Plan, mark: SnapshotMark): string {
  return join(plan.stateDirectory, `${mark}.json`);
}
