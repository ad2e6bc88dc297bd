import { type SourceReference, sourceId } from '../../../contract/backup.ts';
import type { SqliteFacts } from '../../stage/manifest.ts';
import { type Connection, quoteName, type Row } from './connection.ts';

/** What goes into the manifest of what is in a database. */
export type DatabaseContent = Pick<SqliteFacts, 'sqlite_version' | 'page_size' | 'user_version' | 'application_id' | 'tables'>;

/** Answers {@link SETTINGS_SQL}, {@link TABLES_SQL} and {@link countSql}, in this order. */
export type ContentAnswers = readonly [settings: Row[], tables: Row[], counts: Row[]];

export const SETTINGS_SQL = `SELECT sqlite_version() AS sqlite_version, page_size, page_count, user_version, application_id,
  journal_mode, encoding, auto_vacuum
FROM pragma_page_size, pragma_page_count, pragma_user_version, pragma_application_id, pragma_journal_mode, pragma_encoding,
  pragma_auto_vacuum;`;

/** All tables, virtual ones and their shadow tables too, without SQLite's own. */
export const FROM_TABLES = String.raw`FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`;
export const TABLES_SQL = `SELECT name ${FROM_TABLES} ORDER BY name;`;

/**
 * Counts the rows of each table; one that cannot be counted gives no row. Nothing that must stop at an error may follow: once
 * there was one, sqlite3 would end at `.bail on`.
 */
export function countSql(names: readonly string[]): string {
  return ['.bail off', ...names.map(countOne)].join('\n');
}

/** As {@link countSql}, for a connection that must not fail: of these positions only, which {@link countableSql} found. */
export function countSomeSql(names: readonly string[], positions: ReadonlySet<number>): string {
  return names.flatMap((name, index) => (positions.has(index) ? [countOne(name, index)] : [])).join('\n');
}

/** Finds out which tables sqlite3 can count: gives a row for each whose count it understands, and counts nothing. */
export function countableSql(names: readonly string[]): string {
  const tries = names.map((name, index) => {
    // The condition never holds, which is not known before the statement runs.
    return `SELECT CASE WHEN sqlite_version() = '' THEN (SELECT count(*) FROM ${quoteName(name)}) ELSE ${index} END AS position;`;
  });
  return ['.bail off', ...tries].join('\n');
}

function countOne(name: string, position: number): string {
  return `SELECT ${position} AS position, count(*) AS n FROM ${quoteName(name)};`;
}

/** Names of the tables, from the answer to {@link TABLES_SQL}. */
export function toNames(rows: readonly Row[]): string[] {
  return rows.map((row) => String(row['name']));
}

/** Reads the content of a database that nobody writes to. A table that cannot be counted is left out and warned of. */
export async function readContent(
  connection: Connection,
  source: SourceReference,
  warn: (message: string) => void,
): Promise<DatabaseContent> {
  const settings = await connection.query(SETTINGS_SQL);
  const tables = await connection.query(TABLES_SQL);
  return toContent([settings, tables, await connection.query(countSql(toNames(tables)))], source, warn);
}

/** Puts answers of one and the same state together. */
export function toContent(answers: ContentAnswers, source: SourceReference, warn: (message: string) => void): DatabaseContent {
  const [[settings], tables, counts] = answers;
  const names = toNames(tables);
  const rows = new Map(counts.map((row) => [names[Number(row['position'])] ?? '', Number(row['n'])]));
  const uncounted = names.filter((name) => !rows.has(name));
  if (uncounted.length > 0) {
    warn(
      `${sourceId(source)}: the rows of ${uncounted.join(', ')} could not be counted, so the drill will not compare them. ` +
        'The data is in the dump; most likely this sqlite3 lacks a module or collation that the service brings along.',
    );
  }
  return {
    sqlite_version: String(settings?.['sqlite_version']),
    page_size: Number(settings?.['page_size']),
    user_version: Number(settings?.['user_version']),
    application_id: Number(settings?.['application_id']),
    tables: Object.fromEntries(rows),
  };
}
