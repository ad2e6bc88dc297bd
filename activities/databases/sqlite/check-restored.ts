import type { Check } from '../../../contract/verify.ts';
import { type Connection, ConnectionLost, withConnection } from './connection.ts';
import { NEEDS_THE_SERVICE, RULE_BROKEN } from './quick-check.ts';

/** So many findings of a check are kept. */
const MAX_FINDINGS = 20;

/**
 * `PRAGMA integrity_check`: unlike quick_check, which each backup runs, it also finds an index that does not fit its table
 * (sqlite.org/pragma.html). Rules that rows of the service break are told, and are no damage.
 */
export async function checkIntegrity(open: () => Promise<Connection>, id: string): Promise<Check> {
  const check = { name: `${id} integrity_check`, expected: 'ok' };
  try {
    const rows = await withConnection(open, (connection) =>
      connection.query(`PRAGMA ignore_check_constraints = ON;\nPRAGMA integrity_check(${MAX_FINDINGS});`),
    );
    const findings = rows.map((row) => String(row['integrity_check'])).filter((line) => line !== 'ok');
    const damage = findings.filter((line) => !RULE_BROKEN.test(line));
    if (rows.length === 0 || damage.length > 0) {
      return { ...check, status: 'fail', actual: `${damage.length} findings`, message: damage.join('; ') || 'no answer' };
    }
    const note = findings.length === 0 ? {} : { message: `rows do not fit their declaration: ${findings.join('; ')}` };
    return { ...check, status: 'pass', actual: 'ok', ...note };
  } catch (error) {
    return { ...check, ...explain(error) };
  }
}

/** `PRAGMA foreign_key_check`: rows that point to nothing. */
export async function checkForeignKeys(open: () => Promise<Connection>, id: string): Promise<Check> {
  const check = { name: `${id} foreign_key_check`, expected: 0 };
  try {
    const counted = await withConnection(open, (connection) =>
      connection.query('SELECT "table", count(*) AS n FROM pragma_foreign_key_check GROUP BY 1 ORDER BY 1;'),
    );
    const actual = counted.reduce((sum, row) => sum + Number(row['n']), 0);
    const tables = counted.slice(0, MAX_FINDINGS).map((row) => `${String(row['table'])} (${String(row['n'])} rows)`);
    if (actual === 0) return { ...check, status: 'pass', actual };
    const message = `rows that point to nothing: ${tables.join(', ')}. The dump is a faithful copy, so they are in the database itself`;
    return { ...check, status: 'fail', actual, message };
  } catch (error) {
    return { ...check, ...explain(error) };
  }
}

/** What sqlite3 cannot judge without code of the service is not the copy's fault. */
function explain(error: unknown): Pick<Check, 'status' | 'actual' | 'message'> {
  if (!(error instanceof ConnectionLost)) throw error;
  const message = error.message.replaceAll(/\s+/g, ' ');
  if (NEEDS_THE_SERVICE.test(error.stderr)) {
    return { status: 'skipped', message: `sqlite3 lacks a module, collation or function of the service: ${message}` };
  }
  return { status: 'fail', actual: 'an error', message };
}
