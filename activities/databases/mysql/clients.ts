import { ProgramMissing } from '../../../process/errors.ts';
import type { Programs } from '../../../process/programs.ts';
import { Problem } from './problem.ts';

/** MySQL and MariaDB have grown apart: their dumps load into servers of the same family only. */
export type Family = 'mysql' | 'mariadb';

/** A query program and a dump program of one family. */
export interface Client {
  family: Family;
  /** Version of the dump program, for example `10.11.6`. */
  version: string;
  major: number;
  queryProgram: string;
  dumpProgram: string;
}

const QUERY_PROGRAMS = ['mariadb', 'mysql'];
const DUMP_PROGRAMS = ['mariadb-dump', 'mysqldump'];
const VERSION_TIMEOUT_MS = 20_000;

/**
 * Finds the clients on the PATH: at most one per family, MariaDB's first, because it can log in to servers of both families. Which
 * family a program is of shows in its `--version` alone: Debian calls MariaDB's `mysql` and `mysqldump` as well.
 *
 * @throws {PhaseError} ToolMissing
 */
export async function findClients(programs: Programs, signal: AbortSignal): Promise<Client[]> {
  const query = await findPrograms(QUERY_PROGRAMS, programs, signal);
  const dump = await findPrograms(DUMP_PROGRAMS, programs, signal);
  const families: Family[] = ['mariadb', 'mysql'];
  const clients = families.flatMap((family) => {
    const queryProgram = query.find((program) => program.family === family);
    const dumpProgram = dump.find((program) => program.family === family);
    if (queryProgram === undefined || dumpProgram === undefined) return [];
    const { version } = dumpProgram;
    return [
      { family, version, major: Number.parseInt(version, 10), queryProgram: queryProgram.name, dumpProgram: dumpProgram.name },
    ];
  });
  if (clients.length > 0) return clients;
  throw new Problem(
    'ToolMissing',
    'no client for MySQL or MariaDB is on the PATH: neither mariadb with mariadb-dump nor mysql with mysqldump.',
    `${installAdvice('mariadb')} ${installAdvice('mysql')}`,
  );
}

export function installAdvice(family: Family): string {
  return family === 'mariadb'
    ? 'For a MariaDB server install mariadb-client (dnf: mariadb).'
    : 'For a MySQL server install mysql-client (dnf: mysql), or mariadb-client, which does for most databases.';
}

interface Found {
  name: string;
  family: Family;
  version: string;
}

async function findPrograms(names: readonly string[], programs: Programs, signal: AbortSignal): Promise<Found[]> {
  const found = await Promise.all(names.map((name) => findProgram(name, programs, signal)));
  return found.flat();
}

async function findProgram(name: string, programs: Programs, signal: AbortSignal): Promise<Found[]> {
  try {
    const { stdout } = await programs.run({ program: name, args: ['--version'], signal, timeoutMs: VERSION_TIMEOUT_MS });
    return [{ name, ...parseClientVersion(stdout) }];
  } catch (error) {
    if (error instanceof ProgramMissing) return [];
    throw error;
  }
}

/**
 * Reads `--version`: `mysqldump  Ver 9.7.4-2 for Linux`, `mysqldump  Ver 10.13 Distrib 5.7.44, for Linux`,
 * `mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for …`, `mariadb-dump from 11.8.9-MariaDB, client 10.20 for …`.
 */
export function parseClientVersion(output: string): { family: Family; version: string } {
  const match = /\b(?:Distrib|from) (\d[\d.]*)/.exec(output) ?? /\bVer (\d[\d.]*)/.exec(output);
  return { family: /mariadb\b/i.test(output.replace(/^\S+/, '')) ? 'mariadb' : 'mysql', version: match?.[1] ?? 'unknown' };
}
