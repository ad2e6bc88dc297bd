import { join } from 'node:path';
import type { VerificationQuery } from '../../../config/types.ts';
import { sourceId } from '../../../contract/backup.ts';
import type { Check } from '../../../contract/verify.ts';
import { ProgramMissing, ProgramTimeout } from '../../../process/errors.ts';
import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import { PhaseError } from '../../phase-error.ts';
import type { SqliteFacts } from '../../stage/manifest.ts';
import { ReplayFailed } from '../chain/chain-format.ts';
import { isChain } from '../chain/replayed-path.ts';
import { compareRows } from '../compare-rows.ts';
import { failedQuery, judgeQuery } from '../judge-query.ts';
import type { RestoredDatabase } from '../restored-database.ts';
import { checkForeignKeys, checkIntegrity } from './check-restored.ts';
import {
  type Connection,
  ConnectionLost,
  connect,
  databaseUri,
  OPEN_ARGUMENTS,
  PREPARE,
  parseRow,
  withConnection,
} from './connection.ts';
import { replayChain } from './incremental/replay.ts';
import { loadText } from './load-text.ts';
import { readContent } from './read-content.ts';
import { requireSqlite } from './sqlite-version.ts';

/** A query on a restored copy is the operator's own; one that runs for longer is a mistake. */
const QUERY_TIMEOUT_MS = 30 * 60_000;

/**
 * Looks whether a restored SQLite dump is a whole database and holds what the manifest counted. A copy of the file is never
 * written to; SQL text is loaded into a scratch database first. Without sqlite3 all is skipped.
 */
export async function verifyRestored(
  programs: Programs,
  restored: RestoredDatabase<SqliteFacts>,
  context: PhaseContext,
): Promise<Check[]> {
  const id = sourceId(restored.source);
  try {
    await requireSqlite(programs, context.signal);
  } catch (error) {
    const isMissing = error instanceof ProgramMissing || (error instanceof PhaseError && error.type === 'ToolMissing');
    if (!isMissing) throw error;
    return [{ name: `${id} integrity_check`, status: 'skipped', message: `${error.message}. Install sqlite3.` }];
  }
  const loaded = isChain(restored.facts) ? await replay(programs, restored, context) : await load(programs, restored, context);
  if ('failure' in loaded) return [loaded.failure];
  const open = () => connect(programs, databaseUri(loaded.path, 'immutable'), context.signal);
  context.report({ phase: 'integrity_check', currentItem: id });
  const checks = [...(loaded.checks ?? []), await checkIntegrity(open, id), await checkForeignKeys(open, id)];
  context.report({ phase: 'count rows', currentItem: id });
  checks.push(...(await checkContent(open, restored, context)));
  const queries = (restored.verification?.queries ?? []).filter(({ source }) => sourceId(source) === id);
  for (const query of queries) checks.push(await ask({ programs, path: loaded.path, query }, context));
  return checks;
}

/** What is to be looked at, and what was found on the way there; or why there is nothing. */
type Loaded = { path: string; checks?: Check[] } | { failure: Check };

/** Makes the database of a chain, which must be the one that was backed up, byte by byte. */
async function replay(
  programs: Programs,
  { source, file, facts }: RestoredDatabase<SqliteFacts>,
  context: PhaseContext,
): Promise<Loaded> {
  const check = { name: `${sourceId(source)} replay`, expected: facts.chain?.pages_sha256 ?? '' };
  const path = `${file}.db`;
  try {
    const actual = await replayChain({ programs, directory: file, target: path, bytes: facts.bytes }, context);
    return { path, checks: [{ ...check, status: actual === check.expected ? 'pass' : 'fail', actual }] };
  } catch (error) {
    if (!(error instanceof ReplayFailed)) throw error;
    return { failure: { ...check, status: 'fail', message: error.message } };
  }
}

/** The database to look at: the restored file itself, or what its SQL text makes. */
async function load(
  programs: Programs,
  { source, file, scratchDirectory }: RestoredDatabase,
  context: PhaseContext,
): Promise<Loaded> {
  if (!file.endsWith('.sql')) return { path: file };
  context.report({ phase: 'load', currentItem: sourceId(source) });
  const path = join(scratchDirectory, 'loaded.db');
  const name = `${sourceId(source)} load`;
  try {
    const said = await loadText(programs, { file, database: path, before: 'PRAGMA synchronous = OFF;\n' }, context.signal);
    return said === undefined ? { path } : { failure: { name, status: 'fail', message: `sqlite3 cannot load it: ${said}` } };
  } catch (error) {
    if (!(error instanceof PhaseError)) throw error;
    return { failure: { name, status: error.type === 'ToolMissing' ? 'skipped' : 'fail', message: error.message } };
  }
}

async function checkContent(
  open: () => Promise<Connection>,
  { source, facts }: RestoredDatabase<SqliteFacts>,
  context: PhaseContext,
): Promise<Check[]> {
  const id = sourceId(source);
  try {
    const content = await withConnection(open, (connection) =>
      readContent(connection, source, (message) => context.warn(message)),
    );
    const settings = (['user_version', 'application_id'] as const).map(
      (name): Check => ({
        name: `${id} ${name}`,
        status: content[name] === facts[name] ? 'pass' : 'fail',
        expected: facts[name],
        actual: content[name],
      }),
    );
    return [compareRows(`${id} rows`, facts.tables, content.tables), ...settings];
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    return [{ name: `${id} rows`, status: 'fail', message: error.message }];
  }
}

/** One call for each query: at the end of its input sqlite3 notices a quote that was left open. */
async function ask(
  { programs, path, query }: { programs: Programs; path: string; query: VerificationQuery },
  context: PhaseContext,
): Promise<Check> {
  try {
    const { exitCode, stdout, stderr } = await programs.run({
      program: 'sqlite3',
      args: [...OPEN_ARGUMENTS, databaseUri(path, 'immutable')],
      input: `${PREPARE}\n${query.sql}\n;\n`,
      signal: context.signal,
      timeoutMs: QUERY_TIMEOUT_MS,
    });
    if (exitCode !== 0) return failedQuery(query, stderr);
    const [line = ''] = stdout.split('\n', 1);
    return judgeQuery(query, line === '' ? undefined : firstValue(parseRow(line)));
  } catch (error) {
    if (error instanceof ProgramTimeout) return failedQuery(query, error.message);
    throw error;
  }
}

function firstValue(row: Readonly<Record<string, unknown>>): string | number | null {
  const [value] = Object.values(row);
  return typeof value === 'number' || typeof value === 'string' ? value : null;
}
