import { createReadStream } from 'node:fs';
import type { MysqlSource } from '../../../config/types.ts';
import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import type { MysqlFacts } from '../../stage/manifest.ts';
import { describeAddress, describeSource } from './address.ts';
import { queryArguments } from './arguments.ts';
import { type ClientEnd, clientError } from './client-errors.ts';
import { Problem } from './problem.ts';
import { CLIENT_ENVIRONMENT, openSession, type Session } from './session.ts';

/** Where a dump is to go. */
export interface LoadTarget {
  /** Server and log-in. */
  source: MysqlSource;
  /** Name of the database. */
  into: string;
  /** What the manifest says of the dump. */
  facts: MysqlFacts;
}

/** What lies in a database that a dump would be loaded into. */
export interface LoadTargetState {
  exists: boolean;
  /** Tables and views. */
  tables: number;
}

/** It is there on every server, before any other database is. */
const ALWAYS_THERE = 'information_schema';

/** The comment that MariaDB's dumps begin with, on which MySQL's and older clients end (mariadb.org, May 2024). */
const SANDBOX_LINE = /^\/\*M?!999999\\-[^\n]*\n/;

/**
 * Looks at the server that a dump is to be loaded into.
 *
 * @throws {PhaseError} ConfigInvalid when it is of the other family; SourceUnavailable, AuthRejected, ToolMissing
 */
export async function examineLoadTarget(programs: Programs, target: LoadTarget, context: PhaseContext): Promise<LoadTargetState> {
  const session = await openLoadSession(programs, target, context);
  const name = quoteText(target.into);
  const answer = await runSql(
    programs,
    session,
    {
      sql: `
SELECT count(*) FROM information_schema.schemata WHERE schema_name = ${name};
SELECT count(*) FROM information_schema.tables WHERE table_schema = ${name};
`,
    },
    context,
  );
  const [schemata, tables] = answer.split('\n').map(Number);
  return { exists: schemata === 1, tables: tables ?? 0 };
}

/**
 * Loads a dump by the server family's own client; makes the database when it is missing. Safe to repeat: a dump drops each table
 * before it makes it anew.
 *
 * @throws {PhaseError} as {@link examineLoadTarget}; DumpRejected when the server does not take the dump
 */
export async function loadDump(programs: Programs, target: LoadTarget & { file: string }, context: PhaseContext): Promise<void> {
  const { facts, file, into } = target;
  const session = await openLoadSession(programs, target, context);
  if (!(await examineLoadTarget(programs, target, context)).exists) {
    await runSql(programs, session, { sql: `CREATE DATABASE IF NOT EXISTS ${quoteName(into)} CHARACTER SET utf8mb4;` }, context);
  }
  context.report({ phase: 'load', percent: 0, bytesDone: 0, bytesTotal: facts.bytes });
  await runSql(programs, session, { sql: withoutSandboxLine(file, facts.bytes, context), database: into }, context);
}

/** Logs in, whether or not the database is there yet. */
async function openLoadSession(programs: Programs, { source, facts }: LoadTarget, context: PhaseContext): Promise<Session> {
  const session = await openSession(programs, { ...source, database: ALWAYS_THERE, structureOnly: [] }, context);
  if (session.catalog.family === facts.server_family) return session;
  throw new Problem(
    'ConfigInvalid',
    `${describeSource(source)}: the dump is of ${facts.server_family} ${facts.server_version}, and the server is ${session.catalog.family} ${session.catalog.version}.`,
    'A dump loads into a server of its own family alone. Load it there, and move the data by other means.',
  );
}

async function runSql(
  programs: Programs,
  session: Session,
  { sql, database = ALWAYS_THERE }: { sql: string | AsyncIterable<Uint8Array>; database?: string },
  context: PhaseContext,
): Promise<string> {
  const { client, options, source } = session;
  const { exitCode, stderr, stdout } = await programs.run({
    program: client.queryProgram,
    args: [...queryArguments({ ...source, database }, client), '--max-allowed-packet=1G'],
    env: CLIENT_ENVIRONMENT,
    input: sql,
    secretInput: options,
    // It waits for the server, which may build an index for as long as it likes.
    progress: 'none',
    signal: context.signal,
    killAfterMs: 500,
  });
  if (exitCode === 0) return stdout;
  const end: ClientEnd = { program: client.queryProgram, exitCode, stderr };
  const error = clientError({ ...source, database }, client, end, 'DumpRejected');
  if (error.type !== 'AuthRejected') throw error;
  throw new Problem(
    'AuthRejected',
    `${describeSource(source)}: the account may not load the dump into ${database === ALWAYS_THERE ? 'a new database' : database} (${stderr.trim()}).`,
    `A restore needs more rights than a backup: let an administrator of ${describeAddress(source)} load it by RESTORE.md, or lend the account ALL PRIVILEGES on that database.`,
  );
}

/** Reads a dump for a client's standard input, without its sandbox line, and reports how far it is. */
export async function* withoutSandboxLine(file: string, bytesTotal: number, context: PhaseContext): AsyncGenerator<Uint8Array> {
  let bytesDone = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    const data = chunk as Buffer;
    const skip = bytesDone === 0 ? (SANDBOX_LINE.exec(data.toString('latin1', 0, 200))?.[0].length ?? 0) : 0;
    yield data.subarray(skip);
    bytesDone += data.length;
    // What is left in pipes and in the client is loaded later, so it is not done until the client ends.
    context.report({
      phase: 'load',
      percent: Math.min(99, Math.floor((100 * bytesDone) / Math.max(1, bytesTotal))),
      bytesDone,
      bytesTotal,
    });
  }
}

function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** Quotes a name for SQL: whatever it holds, it stays one identifier. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
