import type { SqliteSource } from '../../../config/types.ts';
import { sourceId } from '../../../contract/backup.ts';
import type { PhaseContext } from '../../phase.ts';
import { PhaseError } from '../../phase-error.ts';
import { type Connection, ConnectionLost, quoteName, withConnection } from './connection.ts';
import { TABLES_SQL, toNames } from './read-content.ts';

/** sqlite3 cannot check what needs code that only the service has, or that a schema is not trusted with. */
export const NEEDS_THE_SERVICE = /no such (collation sequence|module|function)|unknown tokenizer|unsafe use of/;

/** Rows against their own declaration (`NULL value in t.c`): old data after a change of schema, not damage. */
export const RULE_BROKEN = /^(NULL|TEXT|NUMERIC|non-\w+) value in /;

/**
 * Runs `PRAGMA quick_check`: pages, cells and records are whole. Broken CHECK and NOT NULL rules are the service's affair and at
 * most warned of: refusing to back up such a database would help nobody.
 *
 * @throws {PhaseError} DumpRejected with what the check said.
 * @throws {ConnectionLost} when the database cannot be read.
 */
export async function quickCheck(open: () => Promise<Connection>, source: SqliteSource, context: PhaseContext): Promise<void> {
  try {
    judge(source, await withConnection(open, (connection) => check(connection, '')), context);
  } catch (error) {
    if (!(error instanceof ConnectionLost && NEEDS_THE_SERVICE.test(error.stderr))) throw error;
    await checkTables(open, source, context);
  }
}

async function checkTables(open: () => Promise<Connection>, source: SqliteSource, context: PhaseContext): Promise<void> {
  const unchecked: string[] = [];
  const tables = await withConnection(open, (connection) => connection.query(TABLES_SQL));
  for (const name of toNames(tables)) {
    try {
      judge(source, await withConnection(open, (connection) => check(connection, `(${quoteName(name)})`)), context);
    } catch (error) {
      if (!(error instanceof ConnectionLost && NEEDS_THE_SERVICE.test(error.stderr))) throw error;
      unchecked.push(name);
    }
  }
  if (unchecked.length === 0) return;
  context.warn(
    `${sourceId(source)}: sqlite3 cannot check ${unchecked.join(', ')}, which needs a module, collation or function of the ` +
      'service. It is in the dump as it is.',
  );
}

async function check(connection: Connection, table: string): Promise<string[]> {
  const rows = await connection.query(`PRAGMA ignore_check_constraints = ON;\nPRAGMA quick_check${table};`);
  return rows.map((row) => String(row['quick_check']));
}

function judge(source: SqliteSource, said: string[], context: PhaseContext): void {
  const findings = said.filter((line) => line !== 'ok');
  const damage = findings.filter((line) => !RULE_BROKEN.test(line));
  if (said.length === 0 || damage.length > 0) {
    throw new PhaseError(
      'DumpRejected',
      `${sourceId(source)}: PRAGMA quick_check rejects ${source.path}: ${damage.slice(0, 5).join('; ') || 'no answer'}. ` +
        'The database itself is probably damaged: look with `PRAGMA integrity_check`, and restore the last good snapshot or rescue ' +
        'what is left with `.recover`.',
    );
  }
  if (findings.length > 0)
    context.warn(`${sourceId(source)}: rows do not fit their declaration: ${findings.slice(0, 3).join('; ')}`);
}
