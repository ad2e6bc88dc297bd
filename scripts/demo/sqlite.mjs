import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const ROWS = 300_000;

/** Creates a database such as a tracker has: 300 000 torrents, WAL mode. Does nothing when it is there. */
export async function prepareSqlite(children, path) {
  const ready = join(dirname(path), '..', '..', 'sqlite.ready');
  if (existsSync(ready)) return;
  // What a demo that was cut off left is of no use.
  for (const suffix of ['', '-wal', '-shm']) await rm(path + suffix, { force: true });
  await mkdir(dirname(path), { recursive: true });
  await children.run(
    'sqlite3',
    ['-batch', path],
    `PRAGMA journal_mode = WAL;
    CREATE TABLE torrents (id INTEGER PRIMARY KEY, info_hash BLOB NOT NULL UNIQUE, completed INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE whitelist (id INTEGER PRIMARY KEY, info_hash BLOB NOT NULL UNIQUE);
    CREATE TABLE keys (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, valid_until INTEGER);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
      INSERT INTO torrents (info_hash, completed) SELECT randomblob(20), abs(random() % 1000) FROM n;`,
  );
  await writeFile(ready, '');
}

/** Goes on counting completed downloads of the 200 most popular torrents, 50 times a second, until the demo ends. */
export function writeOn(children, path) {
  const writer = children.start('sqlite3', ['-batch', path]);
  writer.write('PRAGMA busy_timeout = 5000;\n');
  const timer = setInterval(() => {
    if (!writer.isRunning()) return clearInterval(timer);
    writer.write('UPDATE torrents SET completed = completed + 1 WHERE id = 1 + abs(random()) % 200;\n');
  }, 20);
  timer.unref();
}
