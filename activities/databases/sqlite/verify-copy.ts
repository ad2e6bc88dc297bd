import { type Connection, connect, databaseUri, withConnection } from './connection.ts';
import type { DumpJob } from './dump-job.ts';
import { quickCheck } from './quick-check.ts';
import { type DatabaseContent, readContent } from './read-content.ts';
import { explain } from './sqlite-failure.ts';

/**
 * Checks a copy that nobody writes to, and reads what it holds: by `read`, where there is a quicker way than to count by sqlite3.
 *
 * @throws {PhaseError} DumpRejected
 */
export async function verifyCopy(
  job: Pick<DumpJob, 'context' | 'partial' | 'programs' | 'source'>,
  read?: (open: () => Promise<Connection>) => Promise<DatabaseContent>,
): Promise<DatabaseContent> {
  const { context, partial, programs, source } = job;
  context.report({ phase: 'verify' });
  const open = () => connect(programs, databaseUri(partial, 'immutable'), context.signal);
  try {
    await quickCheck(open, source, context);
    if (read !== undefined) return await read(open);
    return await withConnection(open, (connection) => readContent(connection, source, (message) => context.warn(message)));
  } catch (error) {
    throw explain(source, 'verifying the copy of', error);
  }
}
