import type { MysqlSource } from '../../../config/types.ts';
import type { ProgramResult, Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import { PhaseError } from '../../phase-error.ts';
import { queryArguments } from './arguments.ts';
import { failureTypeOf } from './client-errors.ts';
import type { Client, Family } from './clients.ts';
import { CLIENT_ENVIRONMENT } from './session.ts';

/** A server that a drill may load a dump into. */
export interface ScratchServer {
  readonly family: Family;
  /** For example `10.11.6-MariaDB`. */
  readonly version: string;
  /** Where it is and who logs in. Its `database` is that of the drill. */
  readonly source: MysqlSource;
  readonly client: Client;
  /** Content of the option file. Secret. */
  readonly options: string;
  /** Directory that the client runs in: the socket of an embedded server is found from there. */
  readonly cwd?: string;
  /** Ends what was started for the drill. Never throws. */
  stop(): Promise<void>;
}

/** No server that suits can be had: the sentences say which, and what to install or configure. */
export interface NoServer {
  readonly unavailable: string;
}

const QUERY_TIMEOUT_MS = 30 * 60_000;

/** Runs statements on a scratch server, in the drill's database unless another one is named. Any exit code is a result. */
export async function runScratchSql(
  { programs, server }: { programs: Programs; server: ScratchServer },
  sql: string | AsyncIterable<Uint8Array>,
  context: PhaseContext,
  options: { database?: string; args?: readonly string[]; timeoutMs?: number } = {},
): Promise<ProgramResult> {
  const source = { ...server.source, database: options.database ?? server.source.database };
  return programs.run({
    program: server.client.queryProgram,
    args: [...queryArguments(source, server.client), ...(options.args ?? [])],
    env: CLIENT_ENVIRONMENT,
    input: sql,
    secretInput: server.options,
    signal: context.signal,
    timeoutMs: options.timeoutMs ?? QUERY_TIMEOUT_MS,
    killAfterMs: 500,
    ...(server.cwd === undefined ? {} : { cwd: server.cwd }),
  });
}

/**
 * As {@link runScratchSql}, for questions to a server that was there a moment ago.
 *
 * @throws {PhaseError} SourceUnavailable when it is not any more: that says nothing of the dump
 */
export async function askScratch(
  bound: { programs: Programs; server: ScratchServer },
  sql: string,
  context: PhaseContext,
  options: { database?: string } = {},
): Promise<ProgramResult> {
  const result = await runScratchSql(bound, sql, context, options);
  requireServer(bound.server, result);
  return result;
}

/** @throws {PhaseError} SourceUnavailable when a client ended because its server did */
export function requireServer({ client }: ScratchServer, { exitCode, stderr }: ProgramResult): void {
  if (exitCode === 0) return;
  if (failureTypeOf({ program: client.queryProgram, exitCode, stderr }) !== 'SourceUnavailable') return;
  throw new PhaseError('SourceUnavailable', `the drill's scratch server did not last: ${stderr.trim()}. It is tried again.`);
}
