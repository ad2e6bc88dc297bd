import type { MysqlSource } from '../../../config/types.ts';
import type { Family } from './clients.ts';

/** What the account of a session may do, as far as SHOW GRANTS tells. */
export interface Rights {
  /** False where roles or partial revokes leave it open. */
  isCertain: boolean;
  /** Privileges on every table of the database, in capitals. */
  onDatabase: ReadonlySet<string>;
  /** Whether bodies of other users' routines can be read. */
  canReadRoutines: boolean;
  /** Whether it would at least see that there are routines. */
  canSeeRoutines: boolean;
}

/** Privileges on the database that a complete dump takes. */
export const NEEDED = ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT'] as const;

const READ_ROUTINES = ['SHOW_ROUTINE', 'SHOW CREATE ROUTINE'];
const SEE_ROUTINES = ['EXECUTE', 'CREATE ROUTINE', 'ALTER ROUTINE', ...READ_ROUTINES];

interface Grant {
  privileges: string[];
  /** `*`, or a pattern as in LIKE. */
  database: string;
  /** `*`, or a table. */
  object: string;
}

/** Reads the lines of SHOW GRANTS for one database. They may hold password hashes: never print them. */
export function readRights(lines: readonly string[], database: string): Rights {
  const grants = lines.flatMap(parseGrant);
  const onDatabase = new Set(
    grants.filter((grant) => grant.object === '*' && matches(grant.database, database)).flatMap((grant) => grant.privileges),
  );
  const has = (privilege: string) => onDatabase.has('ALL PRIVILEGES') || onDatabase.has('ALL') || onDatabase.has(privilege);
  const canReadRoutines =
    READ_ROUTINES.some((privilege) => onDatabase.has(privilege)) ||
    grants.some(
      (grant) => readsSystemDatabase(grant) && grant.privileges.some((name) => /^(SELECT|ALL( PRIVILEGES)?)$/.test(name)),
    );
  return {
    isCertain: lines.every((line) => /^GRANT .+ ON /.test(line)),
    onDatabase: new Set([...onDatabase, ...NEEDED.filter(has), ...SEE_ROUTINES.filter(has)]),
    canReadRoutines,
    canSeeRoutines: canReadRoutines || SEE_ROUTINES.some(has),
  };
}

/** What of {@link NEEDED} the account lacks; empty where that cannot be told. */
export function missingPrivileges(rights: Rights): string[] {
  return rights.isCertain ? NEEDED.filter((privilege) => !rights.onDatabase.has(privilege)) : [];
}

/** A statement that gives a source's account what it needs. `account` is what the server calls it. */
export function exampleGrant(source: MysqlSource, family: Family, account?: string): string {
  const grantee = account ?? `'${source.user}'@'%'`;
  const pattern = source.database.replaceAll('`', '``').replaceAll('_', '\\_').replaceAll('%', '\\%');
  const routines = family === 'mariadb' ? 'GRANT SELECT ON mysql.proc' : 'GRANT SHOW_ROUTINE ON *.*';
  return `\`GRANT ${NEEDED.join(', ')} ON \`${pattern}\`.* TO ${grantee};\`, and for routines of other users \`${routines} TO ${grantee};\`.`;
}

function parseGrant(line: string): Grant[] {
  const match = /^GRANT (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)*`)\.(\*|`(?:[^`]|``)*`) TO /.exec(line);
  if (match === null) return [];
  const [, privileges = '', database = '', object = ''] = match;
  return [
    {
      // SELECT (`a`, `b`) is a right on columns only.
      privileges: privileges
        .replace(/[^,(]*\([^)]*\),?/g, '')
        .split(',')
        .map((privilege) => privilege.trim().toUpperCase()),
      database: unquote(database),
      object: unquote(object),
    },
  ];
}

function readsSystemDatabase(grant: Grant): boolean {
  return matches(grant.database, 'mysql') && (grant.object === '*' || grant.object === 'proc');
}

/** Names of databases in grants are patterns: `_` and `%` stand for other characters unless escaped. */
function matches(pattern: string, database: string): boolean {
  if (pattern === '*') return true;
  const source = pattern.replace(/\\[_%]|[\s\S]/g, (part) => {
    if (part === '%') return '[\\s\\S]*';
    if (part === '_') return '[\\s\\S]';
    return part.replace(/^\\(?=.)/, '').replace(/[.*+?^${}()|[\]\\]/, '\\$&');
  });
  return new RegExp(`^${source}$`).test(database);
}

function unquote(name: string): string {
  return name === '*' ? name : name.slice(1, -1).replaceAll('``', '`');
}
