import { ProgramKilled } from '../../../../process/errors.ts';
import { type Connection, type Row, withConnection } from '../connection.ts';
import type { Pin } from '../pin.ts';
import {
  type ContentAnswers,
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
import type { BtreePages } from './btree-pages.ts';
import { countScanned, isVirtual, TREES_SQL } from './scanned-counts.ts';

type Ask = (sql: string) => Promise<Row[]>;

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

/** A pinned database, and which of its tables may be counted. */
interface PinnedTables {
  pin: Pin;
  countable: ReadonlySet<string>;
}

/**
 * Asks the pinned state what it holds, and counts what only sqlite3 can. Through the pin itself: any other connection would see a later
 * state. May run while the pages are read.
 *
 * @throws {CopyWorthless} when the pin died; {PhaseError} DumpRejected when the database is damaged
 */
export function askPinned(job: PinJob, { pin, countable }: PinnedTables, signal: AbortSignal): Promise<ContentAnswers> {
  return throughPin(job, { pin, signal }, async (ask) => {
    const [settings, tables] = await askTables(ask);
    const virtual = positionsOf(countable, tables).filter((position) => isVirtual(tables[position]));
    return [settings, tables, await ask(countSomeSql(toNames(tables), new Set(virtual)))];
  });
}

/**
 * Counts the other tables by the pages that were read, and through the pin where those do not tell.
 *
 * @throws as {@link askPinned}
 */
export function countPinned(
  job: PinJob,
  { pin, ...known }: PinnedTables & { answers: ContentAnswers; btrees: BtreePages },
): Promise<DatabaseContent> {
  return throughPin(job, { pin, signal: job.context.signal }, (ask) => countRest(job, ask, known));
}

/** Reads what a copy holds that was made of the pages that were read. A table that cannot be counted is left out and warned of. */
export async function readCopied(open: () => Promise<Connection>, job: PinJob, btrees: BtreePages): Promise<DatabaseContent> {
  const countable = await findCountable(open, job);
  return withConnection(open, async (connection) => {
    const ask: Ask = (sql) => connection.query(sql);
    const answers: ContentAnswers = [...(await askTables(ask)), []];
    await ask('.bail off');
    return countRest(job, ask, { answers, countable, btrees });
  });
}

async function throughPin<Answer>(
  { source }: PinJob,
  { pin, signal }: { pin: Pin; signal: AbortSignal },
  body: (ask: Ask) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await body((sql) => unlessAborted(pin.query(sql), signal));
  } catch (error) {
    if (error instanceof ProgramKilled) throw new CopyWorthless('the pin died', { cause: error });
    throw explain(source, 'counting the rows of', error);
  }
}

async function askTables(ask: Ask): Promise<[settings: Row[], tables: Row[]]> {
  return [await ask(SETTINGS_SQL), await ask(TREES_SQL)];
}

async function countRest(
  { context, source }: PinJob,
  ask: Ask,
  known: { answers: ContentAnswers; countable: ReadonlySet<string>; btrees: BtreePages },
): Promise<DatabaseContent> {
  const [settings, tables, counts] = known.answers;
  const counted = new Set(counts.map(({ position }) => position));
  const uncounted = positionsOf(known.countable, tables).filter((position) => !counted.has(position));
  const scanned = countScanned(tables, known.btrees, Number(settings[0]?.['page_count']));
  const told = uncounted.flatMap((position) => (scanned.has(position) ? [{ position, n: scanned.get(position) }] : []));
  const asked = await ask(countSomeSql(toNames(tables), new Set(uncounted.filter((position) => !scanned.has(position)))));
  const all = [...counts, ...told, ...asked].sort((left, right) => Number(left['position']) - Number(right['position']));
  return toContent([settings, tables, all], source, (message) => context.warn(message));
}

function positionsOf(names: ReadonlySet<string>, tables: readonly Row[]): number[] {
  return toNames(tables).flatMap((name, position) => (names.has(name) ? [position] : []));
}
