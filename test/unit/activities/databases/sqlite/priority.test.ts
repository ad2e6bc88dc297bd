import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { connect, databaseUri, type OpenMode, withConnection } from '../../../../../activities/databases/sqlite/connection.ts';
import { createPrograms } from '../../../../../process/programs.ts';
import { childProcesses } from '../../../../support/child-processes.ts';
import { programs, withDirectory } from '../../../../support/phase-context.ts';

/** Niceness of a process: the 19th field of proc(5), the 17th after its name. */
function nicenessOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}

test.each<[OpenMode, number, string]>([
  ['rw', 0, 'a live database, whose writers may wait for it,'],
  ['immutable', 7, 'a copy'],
])('with mode %s sqlite3 is nicer by %i: it reads %s', (mode, added) =>
  withDirectory(async (directory) => {
    const path = join(directory, 'main.db');
    await programs.run({ program: 'sqlite3', args: [path, 'CREATE TABLE t (x)'] });
    const nice = createPrograms(process.env, { priority: { nice: 7, io: 'idle' } });
    const before = childProcesses();
    const open = () => connect(nice, databaseUri(path, mode), new AbortController().signal);
    await withConnection(open, async (connection) => {
      await connection.query('SELECT count(*) AS n FROM t;');
      const [pid = 0] = childProcesses().filter((child) => !before.includes(child));
      expect(nicenessOf(pid) - nicenessOf(process.pid)).toBe(added);
    });
  }),
);
