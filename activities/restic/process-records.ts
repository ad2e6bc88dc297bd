/**
 * Which restic processes this worker started, kept on disk for as long as one of them may hold a lock.
 *
 * A worker or a restic that is killed leaves its record behind. That record is the proof that a lock in the repository is ours:
 * hostname and process number of a lock alone say nothing where containers share a name (restic issue 4922).
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { identifyProcess } from '../../process/identity.ts';
import { namesIn } from '../presence.ts';

const recordSchema = z.object({
  pid: z.number(),
  startTicks: z.string().nullable(),
  bootId: z.string().nullable(),
  pidNamespace: z.string().nullable(),
  /** As the operating system has it, and restic with it: not the `host` of holdfast.yaml. */
  hostname: z.string(),
  location: z.string(),
  startedAt: z.string(),
});

export type ProcessRecord = z.infer<typeof recordSchema> & { readonly file: string };

/** Keeps a record of a restic that was just started. Without waiting: restic needs longer than this to come to its lock. */
export function recordProcess(stateDirectory: string, location: string, pid: number): string {
  const directory = recordsDirectory(stateDirectory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `${randomUUID()}.json`);
  const startedAt = new Date().toISOString();
  writeFileSync(file, JSON.stringify({ ...identifyProcess(pid), hostname: hostname(), location, startedAt }), { mode: 0o600 });
  return file;
}

/** Drops a record: its process is gone, and so is its lock. */
export async function dropRecord(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** All records of a repository. One that a crash cut off tells of no lock: its restic died with the worker, before any. */
export async function loadRecords(stateDirectory: string, location: string): Promise<ProcessRecord[]> {
  const directory = recordsDirectory(stateDirectory);
  const names = await namesIn(directory);
  const records = await Promise.all(names.map(async (name) => loadRecord(join(directory, name))));
  return records.filter((record) => record?.location === location).filter((record) => record !== undefined);
}

async function loadRecord(file: string): Promise<ProcessRecord | undefined> {
  try {
    return { ...recordSchema.parse(JSON.parse(await readFile(file, 'utf8'))), file };
  } catch {
    return undefined;
  }
}

function recordsDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'restic-processes');
}
