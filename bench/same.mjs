const QUESTION = 'SELECT count(*), sum(completed), sum(id % 997) FROM torrents; PRAGMA quick_check';

/**
 * Whether a restored SQLite database holds what the original holds now, by counts and sums, and is whole.
 *
 * After a writer was at work only whether it is whole and consistent in itself: `metrics` counts what `torrents` holds.
 */
export async function isSame(database, { children, sqlite }, hasWriter) {
  if (hasWriter) return (await ask(children, database, CONSISTENT)) === '1|1\nok';
  return (await ask(children, database, QUESTION)) === (await ask(children, sqlite, QUESTION));
}

const CONSISTENT = `SELECT (SELECT count(*) FROM torrents) = (SELECT value FROM metrics WHERE name = 'torrents'), 1; PRAGMA quick_check`;

async function ask(children, database, question) {
  return (await children.run('sqlite3', ['-batch', database], question)).trim();
}
