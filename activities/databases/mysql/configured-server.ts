import type { MysqlSource, ScratchMysql } from '../../../config/types.ts';
import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import { PhaseError } from '../../phase-error.ts';
import type { Family } from './clients.ts';
import { quoteName } from './load.ts';
import { type NoServer, runScratchSql, type ScratchServer } from './scratch-server.ts';
import { openSession } from './session.ts';

/** Uses the server of `verification.scratch.mysql`, with a database of the drill's own that `stop` drops. */
export async function useConfiguredServer(
  programs: Programs,
  place: { configured: ScratchMysql; family: Family; database: string },
  context: PhaseContext,
): Promise<ScratchServer | NoServer> {
  const source: MysqlSource = {
    kind: 'mysql',
    name: 'scratch',
    ...place.configured,
    database: place.database,
    structureOnly: [],
    maxShrinkRatio: 1,
  };
  try {
    const session = await openSession(programs, { ...source, database: 'information_schema' }, context);
    const { family, version } = session.catalog;
    if (family !== place.family) {
      return {
        unavailable: `the server of verification.scratch.mysql is ${family} ${version}; one of ${place.family} is needed.`,
      };
    }
    const { client, options } = session;
    const server = { family, version, source, client, options, stop: async () => undefined };
    return { ...server, stop: () => drop(programs, server, context) };
  } catch (error) {
    if (!(error instanceof PhaseError)) throw error;
    return { unavailable: `the server of verification.scratch.mysql cannot be used: ${error.message}` };
  }
}

async function drop(programs: Programs, server: ScratchServer, context: PhaseContext): Promise<void> {
  const { database } = server.source;
  // Also after a cancel: what was made on a server that is not ours does not stay there.
  const unaborted = { ...context, signal: AbortSignal.timeout(30_000) };
  const sql = `DROP DATABASE IF EXISTS ${quoteName(database)};`;
  const ended = await runScratchSql({ programs, server }, sql, unaborted, { database: 'information_schema' }).catch(
    () => undefined,
  );
  if (ended?.exitCode === 0) return;
  context.warn(`database ${database} could not be dropped from the server of verification.scratch.mysql; drop it by hand`);
}
