import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunRecord } from '../../contract/backup.ts';
import type { MaintenanceTask } from '../../contract/maintenance.ts';
import { writeDurably } from '../stage/write-durably.ts';

/** Which part of the data a check reads next: `check.json`. */
const rotationSchema = z.object({ next: z.number().int().positive(), total: z.number().int().positive() });

/** Where the memory of one repository lies: `<state_directory>/repositories/<name>`. */
export interface RepositoryPlace {
  stateDirectory: string;
  repository: string;
}

/** The part whose turn it is, from 1 to `total`. Starts over when the number of parts was changed. */
export async function nextPart(place: RepositoryPlace, total: number): Promise<number> {
  const rotation = rotationSchema.safeParse(await readJson(place, 'check.json'));
  return rotation.success && rotation.data.total === total && rotation.data.next <= total ? rotation.data.next : 1;
}

/** Moves on after a part was read and found whole. */
export async function advancePart(place: RepositoryPlace, part: number, total: number): Promise<void> {
  await writeJson(place, 'check.json', { next: (part % total) + 1, total });
}

/** Keeps the record of a check or prune that succeeded: the metrics start from it. */
export async function saveLastMaintenance(place: RepositoryPlace, task: MaintenanceTask, record: RunRecord): Promise<void> {
  await writeJson(place, `last-${task}.json`, record);
}

/** Record of the last check or prune that succeeded; undefined before the first one. */
export async function loadLastMaintenance(place: RepositoryPlace, task: MaintenanceTask): Promise<RunRecord | undefined> {
  return (await readJson(place, `last-${task}.json`)) as RunRecord | undefined;
}

async function readJson(place: RepositoryPlace, name: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(directoryOf(place), name), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeJson(place: RepositoryPlace, name: string, value: unknown): Promise<void> {
  await mkdir(directoryOf(place), { recursive: true, mode: 0o700 });
  await writeDurably(join(directoryOf(place), name), JSON.stringify(value));
}

function directoryOf({ stateDirectory, repository }: RepositoryPlace): string {
  return join(stateDirectory, 'repositories', repository);
}
