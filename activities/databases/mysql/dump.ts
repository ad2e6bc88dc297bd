import { open, rename, rm } from 'node:fs/promises';
import type { MysqlSource } from '../../../config/types.ts';
import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import type { MysqlFacts } from '../../stage/manifest.ts';
import { syncFile } from '../chain/chain-store.ts';
import type { Dump } from '../database-source.ts';
import { describeSource } from './address.ts';
import { findConcerns } from './concerns.ts';
import { Problem } from './problem.ts';
import { type RawDump, runDump } from './run-dump.ts';
import { openSession, refreshCatalog, type Session } from './session.ts';
import { compareTables, listNames, missingObjects, sameTables } from './verify-dump.ts';

/** Writes a dump as {@link DatabaseSource} says. `path` is its place in the stage. */
export async function dump(
  programs: Programs,
  source: MysqlSource,
  place: { target: string; path: string },
  context: PhaseContext,
): Promise<Dump> {
  context.signal.throwIfAborted();
  const partial = `${place.target}.partial`;
  const remove = async () => {
    for (const path of [partial, place.target]) await rm(path, { force: true });
  };
  await remove();
  try {
    const written = await writeDump(programs, source, partial, context);
    context.signal.throwIfAborted();
    await syncFile(partial).catch((error: unknown) => {
      throw nameFullDisk(error, source, partial);
    });
    await rename(partial, place.target);
    const { bytes, method, facts } = describeDump(written, place.path);
    const { sample } = written.raw;
    return { bytes, method, facts, ...(sample === undefined ? {} : { sample }) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A dump that counts. */
export interface WrittenDump {
  session: Session;
  raw: RawDump;
}

/**
 * Writes a dump into a new file, and looks whether it is whole. Nothing is synced: a dump that is as the one before need not be. The
 * caller removes what is left of one that failed.
 */
export async function writeDump(
  programs: Programs,
  source: MysqlSource,
  partial: string,
  context: PhaseContext,
): Promise<WrittenDump> {
  context.report({ phase: 'connect', currentItem: source.database });
  const session = await openSession(programs, source, context);
  for (const { message } of findConcerns(source, session.catalog)) context.warn(`${describeSource(source)}: ${message}`);
  return { session, raw: await writePartial(programs, session, partial, context) };
}

async function writePartial(programs: Programs, session: Session, partial: string, context: PhaseContext): Promise<RawDump> {
  const file = await open(partial, 'wx', 0o600);
  try {
    const raw = await runDump(programs, session, file, context);
    context.report({ phase: 'verify', bytesDone: raw.bytes });
    await verify(programs, session, raw, context);
    return raw;
  } catch (error) {
    throw nameFullDisk(error, session.source, partial);
  } finally {
    // Waits for a write that a cancelled dump left under way.
    await file.close();
  }
}

async function verify(programs: Programs, session: Session, raw: RawDump, context: PhaseContext): Promise<void> {
  const { source, catalog } = session;
  for (const warning of missingObjects(source, raw.contents, catalog)) context.warn(warning);
  const difference = compareTables(raw.contents, catalog);
  if (difference === undefined) return;
  const after = await refreshCatalog(programs, session, context);
  if (compareTables(raw.contents, after) === undefined) return;
  if (!sameTables(catalog, after)) {
    throw new Problem(
      'SourceUnavailable',
      `${describeSource(source)}: tables were made or dropped during the dump.`,
      'It is tried again.',
    );
  }
  const { missing, unexpected } = difference;
  const parts = [
    ...(missing.length === 0 ? [] : [`lacks ${listNames(missing)}`]),
    ...(unexpected.length === 0 ? [] : [`holds ${listNames(unexpected)}, which the server does not have`]),
  ];
  throw new Problem(
    'DumpRejected',
    `${describeSource(source)}: the dump ${parts.join(' and ')}: ${raw.contents.tables.size} tables instead of ${catalog.tables.length}.`,
    `Run ${session.client.dumpProgram} by hand to see why.`,
  );
}

/** What the manifest says of a dump. `path` is its place in the stage. */
export function describeDump({ session, raw }: WrittenDump, path: string): { bytes: number; method: string; facts: MysqlFacts } {
  const { source, client, catalog } = session;
  const { bytes, sha256, contents } = raw;
  const method = `${client.dumpProgram} ${client.version}`;
  const facts: MysqlFacts = {
    kind: 'mysql',
    path,
    bytes,
    sha256,
    method,
    server_family: catalog.family,
    server_version: catalog.version,
    database: source.database,
    tables: Object.fromEntries(contents.rows),
    views: [...contents.views].sort(),
    triggers: [...contents.triggers].sort(),
    routines: [...contents.routines].sort(),
    events: [...contents.events].sort(),
  };
  return { bytes, method, facts };
}

function nameFullDisk(error: unknown, source: MysqlSource, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new Problem(
    'DiskFull',
    `${describeSource(source)}: the disk of ${path} is full.`,
    'Free some space: the run goes on by itself.',
  );
}
