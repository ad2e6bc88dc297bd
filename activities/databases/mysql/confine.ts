import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import { PhaseError } from '../../phase-error.ts';
import type { Family } from './clients.ts';
import { quoteName } from './load.ts';
import { askScratch, type ScratchServer } from './scratch-server.ts';

/** Exists while the accounts are set up, and removes itself. */
const SETUP = "'holdfast_setup'@'localhost'";
const ROOT = "'root'@'localhost'";

/**
 * Leaves a new server with one account that has rights: root, which may do anything with the drill's database and name anybody as
 * the definer of a view or routine, as dumps do. A dump is SQL that anybody may have written, and an account with all rights makes the
 * server write any file of the worker's user (`SET GLOBAL general_log_file`, SELECT … INTO OUTFILE).
 *
 * The account that did the setting up is gone afterwards: whoever may choose definers has the rights of every account there is.
 */
export async function confine(bound: { programs: Programs; server: ScratchServer }, context: PhaseContext): Promise<void> {
  const { database } = bound.server.source;
  await run(bound, 'root', [`CREATE USER ${SETUP}`, `GRANT ALL ON *.* TO ${SETUP} WITH GRANT OPTION`], context);
  const others = await run(bound, 'holdfast_setup', [OTHER_ACCOUNTS[bound.server.family]], context);
  await run(
    bound,
    'holdfast_setup',
    [
      ...others
        .split('\n')
        .filter(Boolean)
        .map((account) => `DROP USER ${account}`),
      `CREATE USER ${ROOT}`,
      `GRANT ALL ON ${quoteName(database)}.* TO ${ROOT}`,
      ...(await definerRights(bound, context)).map((right) => `GRANT ${right} ON *.* TO ${ROOT}`),
      `DROP USER ${SETUP}`,
    ],
    context,
  );
}

/** MySQL's own accounts stay: it needs them, they cannot log in, and nobody without SYSTEM_USER may name them as definers. */
const OTHER_ACCOUNTS: Readonly<Record<Family, string>> = {
  mariadb: "SELECT CONCAT(QUOTE(User), '@', QUOTE(Host)) FROM mysql.global_priv WHERE User NOT IN ('holdfast_setup', 'PUBLIC')",
  mysql:
    "SELECT CONCAT(QUOTE(User), '@', QUOTE(Host)) FROM mysql.user WHERE User NOT IN ('holdfast_setup', 'mysql.sys', 'mysql.session', 'mysql.infoschema')",
};

/** What lets an account name any definer, by the name that this server's version has for it (SHOW PRIVILEGES). */
async function definerRights(bound: { programs: Programs; server: ScratchServer }, context: PhaseContext): Promise<string[]> {
  const shown = await run(bound, 'holdfast_setup', ['SHOW PRIVILEGES'], context);
  const known = new Set(shown.split('\n').map((line) => line.split('\t', 1)[0]?.toUpperCase()));
  return ['SET USER', 'SET_USER_ID', 'SET_ANY_DEFINER', 'ALLOW_NONEXISTENT_DEFINER'].filter((right) => known.has(right));
}

async function run(
  { programs, server }: { programs: Programs; server: ScratchServer },
  user: string,
  statements: readonly string[],
  context: PhaseContext,
): Promise<string> {
  const as = { ...server, source: { ...server.source, user } };
  const sql = `${statements.join(';\n')};`;
  const { exitCode, stdout, stderr } = await askScratch({ programs, server: as }, sql, context, { database: 'mysql' });
  if (exitCode === 0) return stdout;
  throw new PhaseError('Unexpected', `the accounts of the drill's scratch server could not be set up: ${stderr}`);
}
