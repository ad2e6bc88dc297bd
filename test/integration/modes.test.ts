import { chmod, lstat, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { createTrackerDatabase } from '../support/tracker-database.ts';

/** Paths that others may read or enter, with their modes. Below a directory that is closed nobody gets anywhere. */
async function open(directory: string, relative: string, depth: number): Promise<string[]> {
  const path = join(directory, relative);
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined || stat.isSymbolicLink()) return [];
  const own = (stat.mode & 0o077) === 0 ? [] : [`${(stat.mode & 0o7777).toString(8)} ${relative}`];
  if (!stat.isDirectory() || depth === 0) return own;
  const names = await readdir(path).catch(() => []);
  return [...own, ...(await Promise.all(names.map((name) => open(directory, join(relative, name), depth - 1)))).flat()];
}

/** Files of a files source keep their own modes; the directories around them are closed. */
const isOfFilesSource = (entry: string) => / (staging|restore|state\/drill)\/.*\bfiles\//.test(entry);

test('stage, state, archive and restored trees are closed to others under any umask', async () => {
  const umask = process.umask(0);
  const holdfast = await Holdfast.create((directory) =>
    renderConfiguration(directory, {
      sources: `files:\n  config: { base: ${directory}/data, paths: [etc] }\nsqlite:\n  tracker: { path: ${directory}/data/tracker.db }\n  text: { path: ${directory}/data/tracker.db, method: sql }`,
      extra: `archive: { directory: ${directory}/archives }`,
    }),
  );
  const { directory } = holdfast;
  const places = ['staging', 'state/plans', 'state/drill', 'state/evidence', 'state/repositories', 'restore', 'archives'];
  const seen = new Set<string>();
  const look = async () => {
    for (const place of places) for (const entry of await open(directory, place, 12)) seen.add(entry);
  };
  try {
    await mkdir(join(directory, 'data/etc'));
    await writeFile(join(directory, 'data/etc/app.toml'), 'a = 1\n');
    await chmod(join(directory, 'data/etc/app.toml'), 0o644);
    await createTrackerDatabase(join(directory, 'data/tracker.db'), { journalMode: 'wal', bytes: 4_000_000 });
    await holdfast.restic('init');
    await holdfast.up();
    const looked = new AbortController();
    const looking = (async () => {
      while (!looked.signal.aborted) await look();
    })();
    expect((await holdfast.backup('tracker')).exitCode).toBe(0);
    expect((await holdfast.cli('verify', 'tracker')).exitCode).toBe(0);
    expect((await holdfast.cli('restore', 'tracker')).exitCode).toBe(0);
    looked.abort();
    await looking;
    await look();
    expect((await readdir(join(directory, 'restore'))).length).toBe(1);
    expect([...seen].filter((entry) => !isOfFilesSource(entry)).toSorted()).toEqual([]);
  } finally {
    process.umask(umask);
    await holdfast.stop();
  }
}, 90_000);
