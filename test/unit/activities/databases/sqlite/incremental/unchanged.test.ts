import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Dump } from '../../../../../../activities/databases/database-source.ts';
import { sealSettled } from '../../../../../../activities/databases/sqlite/incremental/unchanged.ts';
import { ChainPlace, sha256Of } from '../../../../../support/chain-place.ts';
import { withDirectory } from '../../../../../support/phase-context.ts';
import { createTrackerDatabase, sqlite3 } from '../../../../../support/tracker-database.ts';

const NOT_READ = 'incremental, unchanged and not read';
/** Longer than a time stamp is taken for too recent to tell. */
const SETTLED_MS = 2_200;

/** A place whose database nobody has written to for some seconds, with its first dump. */
async function settledPlace(directory: string, journalMode: 'wal' | 'delete'): Promise<{ place: ChainPlace; first: Dump }> {
  const place = new ChainPlace(directory);
  await createTrackerDatabase(place.path, { journalMode, bytes: 300_000 });
  await sleep(SETTLED_MS);
  return { place, first: await place.dump() };
}

test.each(['wal', 'delete'] as const)('a database (%s) that nobody has written to is not read again, and comes back', (mode) =>
  withDirectory(async (directory) => {
    const { place, first } = await settledPlace(directory, mode);
    const second = await place.dump();
    expect(second.method).toBe(NOT_READ);
    expect(second.facts).toEqual({ ...first.facts, method: NOT_READ });
    expect(await sha256Of(await place.replay())).toBe(await sha256Of(place.path));
  }),
);

test.each(['wal', 'delete'] as const)('a change (%s) is seen, also when the times of the file were set back', (mode) =>
  withDirectory(async (directory) => {
    const { place } = await settledPlace(directory, mode);
    const { atime, mtime } = await stat(place.path);
    await sqlite3(place.path, 'UPDATE torrents SET completed = completed + 1 WHERE id = 7; PRAGMA wal_checkpoint(TRUNCATE);');
    await utimes(place.path, atime, mtime);
    const changed = await place.dump();
    expect(changed.facts).toMatchObject({ chain: { deltas: 1 } });
    expect(await sha256Of(await place.replay())).toBe(await sha256Of(place.path));
  }),
);

test('a change that is still in the log is seen', () =>
  withDirectory(async (directory) => {
    const { place } = await settledPlace(directory, 'wal');
    // Killed before it could checkpoint.
    await sqlite3(
      place.path,
      "PRAGMA wal_autocheckpoint = 0; UPDATE metrics SET value = value + 1 WHERE name = 'total';\n.shell kill -9 $PPID",
    ).catch(() => undefined);
    expect((await stat(`${place.path}-wal`)).size).toBeGreaterThan(0);
    expect((await place.dump()).facts).toMatchObject({ chain: { deltas: 1 } });
    expect(await sha256Of(await place.replay())).toBe(await sha256Of(place.path));
  }));

test('each is read once a week all the same', () =>
  withDirectory(async (directory) => {
    const { place } = await settledPlace(directory, 'delete');
    const description = join(directory, 'state/chain/chain.json');
    const kept = JSON.parse(await readFile(description, 'utf8')) as { read: { read_at: string } };
    kept.read.read_at = new Date(Date.now() - 8 * 24 * 60 * 60 * 1000).toISOString();
    await writeFile(description, JSON.stringify(kept));
    expect((await place.dump()).method).toBe('incremental, unchanged');
    expect((await place.dump()).method).toBe(NOT_READ);
  }));

test('a file written to a moment ago has no seal to go by', () =>
  withDirectory(async (directory) => {
    const path = join(directory, 'live.db');
    await writeFile(path, 'x');
    const { ctimeMs } = await stat(path);
    expect(await sealSettled(path, ctimeMs + 1_900)).toBeUndefined();
    expect(await sealSettled(path, ctimeMs + 2_100)).toMatchObject({ bytes: '1' });
  }));
