import { randomFillSync } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { RunDocument } from '../../client/runs/run-document.ts';
import { type Holdfast, renderConfiguration } from './holdfast.ts';
import { createTrackerDatabase } from './tracker-database.ts';

const MIB = 1024 * 1024;

/** A plan with a SQLite database and random files, whose hung programs are ended after 10 s. */
export function renderSmallPlan(
  directory: string,
  options: { sources?: string; extra?: string; location?: string } = {},
): string {
  const sources = `files:
  random: { base: ${directory}/data/files, paths: [random] }
sqlite:
  tracker: { path: ${directory}/data/tracker.db }
${options.sources ?? ''}`;
  return renderConfiguration(directory, { sources, extra: options.extra ?? '' })
    .replace('repositories:', 'no_progress_timeout: 10s\nrepositories:')
    .replace(`location: ${directory}/repository`, `location: ${options.location ?? `${directory}/repository`}`);
}

/** Makes what {@link renderSmallPlan} backs up: a database of 8 MB, and so many MiB of files. The files are not foreseen by the first run's look at the disk. */
export async function makeSources({ directory }: Holdfast, { mebibytes }: { mebibytes: number }): Promise<void> {
  await mkdir(join(directory, 'data/files'), { recursive: true });
  await writeFile(join(directory, 'data/files/random'), randomFillSync(Buffer.alloc(mebibytes * MIB)));
  await createTrackerDatabase(join(directory, 'data/tracker.db'), { journalMode: 'wal', bytes: 8_000_000 });
}

/** What must hold after a run that succeeded: its snapshot alone was added, no lock and nothing in the stage is left. */
export async function expectOneRun(holdfast: Holdfast, run: RunDocument, { snapshots = 1 } = {}): Promise<void> {
  expect(run.outcome).toBe('succeeded');
  const list = JSON.parse(await holdfast.restic('snapshots', '--json')) as { id: string; tags: string[] }[];
  expect(list).toHaveLength(snapshots);
  expect(list.filter(({ tags }) => tags.includes(`run:${run.run_id}`)).map(({ id }) => id)).toEqual([run.snapshot_id]);
  await expectNothingLeft(holdfast);
}

/** No lock, no stage, no working file, no partial archive. */
export async function expectNothingLeft(holdfast: Holdfast): Promise<void> {
  expect(await holdfast.restic('list', 'locks', '--no-lock')).toBe('');
  expect(await readdir(join(holdfast.directory, 'staging'))).toEqual([]);
  expect(await readdir(join(holdfast.directory, 'state/plans/tracker'))).not.toContain('run');
  const archives = await readdir(join(holdfast.directory, 'archives')).catch(() => []);
  expect(archives.filter((name) => !name.endsWith('.tar.zst'))).toEqual([]);
}
