import { copyFile, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programs } from './phase-context.ts';

/** Bytes that one row takes, with its entry in the index. */
const ROW_BYTES = 59;

/** Runs SQL by sqlite3 in a way of its own, and returns what it prints. @throws an Error with what sqlite3 said. */
export async function sqlite3(path: string, sql: string): Promise<string> {
  const result = await programs.run({ program: 'sqlite3', args: ['-batch', '-bail', path], input: sql });
  if (result.exitCode !== 0) throw new Error(`sqlite3 ${path}: ${result.stderr}`);
  return result.stdout.trimEnd();
}

/** Runs a Python script on a database; `sqlite3`, `sys` and `os` are imported. @throws an Error with what it said. */
export async function python(script: string, path: string): Promise<void> {
  const result = await programs.run({ program: 'python3', args: ['-c', `import os, sqlite3, sys\n${script}`, path] });
  if (result.exitCode !== 0) throw new Error(`python3: ${result.stderr}`);
}

/** Makes a database like the tracker's, of about `bytes`, that keeps the invariant of sqlite-writer.py. */
export async function createTrackerDatabase(
  path: string,
  options: { journalMode: 'wal' | 'delete' | 'truncate' | 'persist'; bytes: number },
): Promise<void> {
  await sqlite3(
    path,
    `PRAGMA journal_mode = ${options.journalMode};
     BEGIN;
     CREATE TABLE torrents (id INTEGER PRIMARY KEY, info_hash BLOB NOT NULL, completed INTEGER NOT NULL);
     CREATE TABLE metrics (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${Math.ceil(options.bytes / ROW_BYTES)})
       INSERT INTO torrents SELECT i, randomblob(20), 0 FROM n;
     CREATE UNIQUE INDEX torrents_info_hash ON torrents (info_hash);
     INSERT INTO metrics VALUES ('total', 0), ('torrents', (SELECT count(*) FROM torrents));
     PRAGMA user_version = 42;
     PRAGMA application_id = 7;
     COMMIT;`,
  );
}

/** Rows per table, by sqlite3. */
export async function countTrackerRows(path: string): Promise<Record<string, number>> {
  const counts = await sqlite3(path, 'SELECT count(*) FROM metrics; SELECT count(*) FROM torrents;');
  const [metrics, torrents] = counts.split('\n').map(Number);
  return { metrics: metrics ?? Number.NaN, torrents: torrents ?? Number.NaN };
}

/**
 * Restores a dump as RESTORE.md says, checks it thoroughly and counts its rows.
 *
 * @throws when it is damaged or mixes two states of the database.
 */
export async function restoreTrackerDatabase(dump: string, directory: string): Promise<Record<string, number>> {
  const path = join(await mkdtemp(join(directory, 'restored-')), 'tracker.db');
  if (dump.endsWith('.sql')) await programs.run({ program: 'sh', args: ['-c', 'sqlite3 -bail "$1" < "$2"', 'sh', path, dump] });
  else await copyFile(dump, path);
  const said = await sqlite3(
    path,
    `PRAGMA integrity_check;
     SELECT (SELECT total(completed) FROM torrents) = (SELECT value FROM metrics WHERE name = 'total');
     SELECT (SELECT count(*) FROM torrents) = (SELECT value FROM metrics WHERE name = 'torrents');
     PRAGMA user_version;
     PRAGMA application_id;`,
  );
  if (said !== 'ok\n1\n1\n42\n7') throw new Error(`the restored database is not one state: ${said}`);
  return countTrackerRows(path);
}

export interface WriterReport {
  commits: number;
  slowest_ms: number;
  /** Since the report before this one. */
  slowest_since_ms: number;
}

export interface SqliteWriter {
  report(): Promise<WriterReport>;
  stop(): Promise<WriterReport>;
}

/** Starts another process that commits at a steady rate; returns once it has begun. */
export async function startSqliteWriter(path: string, commitsPerSecond: number): Promise<SqliteWriter> {
  const script = fileURLToPath(new URL('sqlite-writer.py', import.meta.url));
  const writer = await programs.start({ program: 'python3', args: [script, path, String(commitsPerSecond)] });
  const next = async () => {
    const line = await writer.lines.next();
    if (line.done === true) throw new Error(`the writer died: ${(await writer.stop()).stderr}`);
    return JSON.parse(line.value) as WriterReport;
  };
  const report = async () => {
    writer.write('?\n');
    return next();
  };
  while ((await report()).commits === 0) await new Promise((resolve) => void setTimeout(resolve, 10));
  return {
    report,
    stop: async () => {
      const ended = writer.stop();
      const last = await next();
      await ended;
      return last;
    },
  };
}
