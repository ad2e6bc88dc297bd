import { ProgramKilled } from '../../../../process/errors.ts';
import { type Connection, withConnection } from '../connection.ts';
import type { Pin } from '../pin.ts';
import {
  countableSql,
  countSomeSql,
  type DatabaseContent,
  SETTINGS_SQL,
  TABLES_SQL,
  toContent,
  toNames,
} from '../read-content.ts';
import { explain } from '../sqlite-failure.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { CopyWorthless, type PinJob } from '../while-pinned.ts';

/** Names of the tables that this sqlite3 can count. To be asked before the pin is there: a count that fails would end it. */
export async function findCountable(open: () => Promise<Connection>, job: PinJob): Promise<ReadonlySet<string>> {
  try {
    return await withConnection(open, async (connection) => {
      const names = toNames(await connection.query(TABLES_SQL));
      const rows = await connection.query(countableSql(names));
      return new Set(rows.map(({ position }) => names[Number(position)] ?? ''));
    });
  } catch (error) {
    throw explain(job.source, 'reading', error);
  }
}

/**
 * Reads what the pinned state holds, through the pin itself: any other connection would see a later one.
 *
 * @throws {CopyWorthless} when the pin died; {PhaseError} DumpRejected when the database is damaged
 */
export async function readPinned(
  job: PinJob,
  { pin, countable }: { pin: Pin; countable: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<DatabaseContent> {
  const { context, source } = job;
  const ask = (sql: string) => unlessAborted(pin.query(sql), signal);
  try {
    const settings = await ask(SETTINGS_SQL);
    const tables = await ask(TABLES_SQL);
    const names = toNames(tables);
    const positions = new Set(names.flatMap((name, index) => (countable.has(name) ? [index] : [])));
    const counts = await ask(countSomeSql(names, positions));
    return toContent([settings, tables, counts], source, (message) => context.warn(message));
  } catch (error) {
    if (error instanceof ProgramKilled) throw new CopyWorthless('the pin died', { cause: error });
    throw explain(source, 'counting the rows of', error);
  }
}
