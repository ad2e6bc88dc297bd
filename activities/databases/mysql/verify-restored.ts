import { basename, dirname, join } from 'node:path';
import type { VerificationQuery } from '../../../config/types.ts';
import { sourceId } from '../../../contract/backup.ts';
import type { Check } from '../../../contract/verify.ts';
import { ProgramTimeout } from '../../../process/errors.ts';
import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import { PhaseError } from '../../phase-error.ts';
import type { MysqlFacts } from '../../stage/manifest.ts';
import { ReplayFailed } from '../chain/chain-format.ts';
import { isChain, replayedPath } from '../chain/replayed-path.ts';
import { requireZstd } from '../chain/zstd.ts';
import { compareRows, listSome } from '../compare-rows.ts';
import { failedQuery, judgeQuery, queryCheckName } from '../judge-query.ts';
import type { RestoredDatabase } from '../restored-database.ts';
import { CATALOG_QUERY, type Catalog, readCatalog } from './catalog.ts';
import { useConfiguredServer } from './configured-server.ts';
import { startEmbeddedServer } from './embedded-server.ts';
import { replayChain } from './incremental/replay.ts';
import { quoteName } from './load.ts';
import { isComplete, loadDump } from './load-dump.ts';
import { askScratch, type NoServer, type ScratchServer } from './scratch-server.ts';

/**
 * Looks whether a restored dump is whole, loads it into a scratch server of its own family, and compares tables, rows, views,
 * triggers, routines and events with the manifest. Where no such server is to be had the rest is skipped.
 */
export async function verifyRestored(
  programs: Programs,
  restored: RestoredDatabase<MysqlFacts>,
  context: PhaseContext,
): Promise<Check[]> {
  if (!isChain(restored.facts)) return verifyDump(programs, restored, context);
  const replayed = await replay(programs, restored, context);
  if (replayed.status !== 'pass') return [replayed];
  const file = join(dirname(restored.file), basename(replayedPath(restored.facts)));
  return [replayed, ...(await verifyDump(programs, { ...restored, file }, context))];
}

/** Makes the dump of a chain, which must be the one that was backed up, byte by byte. */
async function replay(
  programs: Programs,
  { source, file, facts }: RestoredDatabase<MysqlFacts>,
  context: PhaseContext,
): Promise<Check> {
  const check = { name: `${sourceId(source)} replay`, expected: facts.sha256 };
  const target = join(dirname(file), basename(replayedPath(facts)));
  try {
    await requireZstd(programs, context.signal);
    const { sha256: actual } = await replayChain({ programs, directory: file, target }, context);
    return { ...check, status: actual === facts.sha256 ? 'pass' : 'fail', actual };
  } catch (error) {
    if (error instanceof PhaseError && error.type === 'ToolMissing')
      return { ...check, status: 'skipped', message: error.message };
    if (!(error instanceof ReplayFailed)) throw error;
    return { ...check, status: 'fail', message: error.message };
  }
}

async function verifyDump(programs: Programs, restored: RestoredDatabase<MysqlFacts>, context: PhaseContext): Promise<Check[]> {
  const id = sourceId(restored.source);
  const complete: Check = (await isComplete(restored.file))
    ? { name: `${id} completion line`, status: 'pass' }
    : {
        name: `${id} completion line`,
        status: 'fail',
        message: 'the text does not end with "-- Dump completed": it was cut off',
      };
  const server = await openServer(programs, restored, context);
  if ('unavailable' in server) return [complete, ...skipAll(restored, server)];
  try {
    return [complete, ...(await loadAndCompare({ programs, server }, restored, context))];
  } finally {
    await server.stop();
  }
}

async function openServer(
  programs: Programs,
  { facts, runId, verification, scratchDirectory }: RestoredDatabase<MysqlFacts>,
  context: PhaseContext,
): Promise<ScratchServer | NoServer> {
  const family = facts.server_family;
  const database = `holdfast_drill_${runId.replaceAll(/\W/g, '').slice(-32)}`;
  const configured = verification?.scratchMysql;
  return configured === undefined
    ? startEmbeddedServer(programs, { family, directory: scratchDirectory, database }, context)
    : useConfiguredServer(programs, { configured, family, database }, context);
}

interface Bound {
  programs: Programs;
  server: ScratchServer;
}

async function loadAndCompare(bound: Bound, restored: RestoredDatabase<MysqlFacts>, context: PhaseContext): Promise<Check[]> {
  const { facts, source } = restored;
  const id = sourceId(source);
  const name = `${id} load`;
  context.report({ phase: 'load', currentItem: id, bytesTotal: facts.bytes });
  const problem = await loadDump(bound, restored.file, context);
  if (problem !== undefined && isOlder(bound.server.version, facts.server_version)) {
    const unavailable = `the dump is of ${facts.server_version}, and the scratch server ${bound.server.version} does not load it: ${problem}`;
    return skipAll(restored, { unavailable });
  }
  if (problem !== undefined) return [{ name, status: 'fail', message: problem.slice(0, 1_000) }];
  context.report({ phase: 'compare', currentItem: id });
  const checks: Check[] = [{ name, status: 'pass', actual: `into ${bound.server.family} ${bound.server.version}` }];
  checks.push(...(await compare(bound, id, facts, context)));
  for (const query of queriesOf(restored)) checks.push(await ask(bound, query, context));
  return checks;
}

async function compare(bound: Bound, id: string, facts: MysqlFacts, context: PhaseContext): Promise<Check[]> {
  const answer = await askScratch(bound, CATALOG_QUERY, context);
  if (answer.exitCode !== 0) return [{ name: `${id} rows`, status: 'fail', message: answer.stderr }];
  const catalog = readCatalog(answer.stdout, bound.server.source.database);
  const names = catalog.tables.map((table) => table.name);
  const counted = await countRows(bound, names, context);
  if (typeof counted === 'string') return [{ name: `${id} rows`, status: 'fail', message: counted }];
  return [compareRows(`${id} rows`, facts.tables, counted), ...compareObjects(id, facts, catalog)];
}

async function countRows(
  bound: Bound,
  names: readonly string[],
  context: PhaseContext,
): Promise<Record<string, number> | string> {
  const sql = names.map((name, index) => `SELECT ${index}, COUNT(*) FROM ${quoteName(name)};`).join('\n');
  const { exitCode, stdout, stderr } = await askScratch(bound, sql, context);
  if (exitCode !== 0) return stderr;
  const rows = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t').map(Number));
  return Object.fromEntries(rows.map(([index = -1, count = Number.NaN]) => [names[index] ?? '', count]));
}

function compareObjects(id: string, facts: MysqlFacts, catalog: Catalog): Check[] {
  return (['views', 'triggers', 'routines', 'events'] as const).map((kind) => {
    const [expected, actual] = [facts[kind], catalog[kind]];
    const missing = expected.filter((name) => !actual.includes(name));
    const extra = actual.filter((name) => !expected.includes(name));
    const differences = [
      ...missing.map((name) => `${name} is missing`),
      ...extra.map((name) => `${name} is not in the manifest`),
    ];
    return {
      name: `${id} ${kind}`,
      status: differences.length === 0 ? 'pass' : 'fail',
      expected: expected.length,
      actual: actual.length,
      ...(differences.length === 0 ? {} : { message: listSome(differences) }),
    };
  });
}

async function ask(bound: Bound, query: VerificationQuery, context: PhaseContext): Promise<Check> {
  try {
    const { exitCode, stdout, stderr } = await askScratch(bound, `${query.sql}\n;`, context);
    if (exitCode !== 0) return failedQuery(query, stderr);
    const [line] = stdout.split('\n', 1);
    const value = stdout === '' ? undefined : line?.split('\t', 1)[0];
    // The client prints NULL for what is NULL; a text of these four letters cannot be told from it.
    return judgeQuery(query, value === 'NULL' ? null : value);
  } catch (error) {
    if (error instanceof ProgramTimeout) return failedQuery(query, error.message);
    throw error;
  }
}

function queriesOf({ source, verification }: RestoredDatabase): readonly VerificationQuery[] {
  return (verification?.queries ?? []).filter((query) => sourceId(query.source) === sourceId(source));
}

function skipAll(restored: RestoredDatabase, { unavailable }: NoServer): Check[] {
  const names = [`${sourceId(restored.source)} load`, ...queriesOf(restored).map(queryCheckName)];
  return names.map((name) => ({ name, status: 'skipped', message: unavailable.slice(0, 1_000) }));
}

/** By the first two numbers: servers load dumps of other patch releases. */
function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split('.').slice(0, 2).map(Number.parseFloat));
  const [major = 0, minor = 0] = left ?? [];
  const [otherMajor = 0, otherMinor = 0] = right ?? [];
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}
