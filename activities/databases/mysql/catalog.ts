import type { Family } from './clients.ts';
import { type Rights, readRights } from './grants.ts';

export interface TableFacts {
  name: string;
  engine: string;
  /** The server's guess. */
  rows: number;
  /** Bytes on its disk, without indexes; the server's guess. */
  bytes: number;
  /** Whether it has columns that a dump writes in hexadecimal. */
  hasBinary: boolean;
  /** MariaDB's system versioning: the table keeps its rows' history. */
  isVersioned: boolean;
}

/** What the server says of itself, of the account, and of the database. */
export interface Catalog {
  family: Family;
  version: string;
  /** The account that the log-in was taken for, quoted as in a GRANT: `'backup'@'%'`. */
  account: string;
  /** Empty without TLS. */
  cipher: string;
  rights: Rights;
  tables: TableFacts[];
  /** Tables with generated or invisible columns, which only the client of the server's own family dumps so that they load again. */
  tablesWithSpecialColumns: string[];
  views: string[];
  triggers: string[];
  events: string[];
  /** With their kind: `procedure tidy`. */
  routines: string[];
  /** Those whose body the account may not read. */
  unreadableRoutines: string[];
}

/**
 * Asks for everything at once. Each row says in its first column what it is; those of SHOW say it by themselves. Without its first line
 * MySQL tells sizes that are up to a day old (MySQL 8.4 manual, information_schema_stats_expiry); MariaDB passes over comments of such versions.
 */
export const CATALOG_QUERY = `
/*!80000 SET SESSION information_schema_stats_expiry = 0 */;
SELECT 'server', VERSION(), @@version_comment, CURRENT_USER();
SHOW SESSION STATUS LIKE 'Ssl_cipher';
SELECT 'relation', table_name, table_type, IFNULL(engine, ''), IFNULL(table_rows, 0), IFNULL(data_length, 0)
  FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name;
SELECT DISTINCT 'binary', table_name FROM information_schema.columns
  WHERE table_schema = DATABASE() AND data_type IN ('bit', 'binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob',
    'geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon', 'geometrycollection');
SELECT DISTINCT 'special', table_name FROM information_schema.columns
  WHERE table_schema = DATABASE() AND (IFNULL(generation_expression, '') <> '' OR extra LIKE '%INVISIBLE%');
SELECT 'trigger', trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY trigger_name;
SELECT 'event', event_name FROM information_schema.events WHERE event_schema = DATABASE() ORDER BY event_name;
SELECT 'routine', LOWER(routine_type), routine_name, routine_definition IS NULL
  FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY routine_type, routine_name;
SHOW GRANTS;
`;

/** Reads the answer to {@link CATALOG_QUERY}, as the query clients print it with --batch. */
export function readCatalog(output: string, database: string): Catalog {
  const rows = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t').map(unescapeField));
  const of = (tag: string) => rows.filter(([first]) => first === tag).map(([, ...fields]) => fields);
  const [version = '', comment = '', account = ''] = of('server')[0] ?? [];
  const binary = new Set(of('binary').map(([name]) => name));
  const relations = of('relation').map(([name = '', type, engine = '', rows, bytes]) => ({
    type,
    facts: {
      name,
      engine,
      rows: Number(rows),
      bytes: Number(bytes),
      hasBinary: binary.has(name),
      isVersioned: type === 'SYSTEM VERSIONED',
    },
  }));
  const routines = of('routine').map(([kind, name, isUnreadable]) => ({
    name: `${kind} ${name}`,
    isUnreadable: isUnreadable === '1',
  }));
  return {
    family: /mariadb/i.test(`${version} ${comment}`) ? 'mariadb' : 'mysql',
    version,
    account: account.replace(/^(.*)@(.*)$/s, "'$1'@'$2'"),
    cipher: of('Ssl_cipher')[0]?.[0] ?? '',
    rights: readRights(
      rows.filter(([first]) => first?.startsWith('GRANT ')).map((fields) => fields.join('\t')),
      database,
    ),
    // MariaDB has SYSTEM VERSIONED tables besides BASE TABLE, and sequences, which a dump makes by statements of their own.
    tables: relations.filter(({ type }) => type !== 'VIEW' && type !== 'SEQUENCE').map(({ facts }) => facts),
    tablesWithSpecialColumns: of('special').map(([name = '']) => name),
    views: relations.filter(({ type }) => type === 'VIEW').map(({ facts }) => facts.name),
    triggers: of('trigger').map(([name = '']) => name),
    events: of('event').map(([name = '']) => name),
    routines: routines.map(({ name }) => name),
    unreadableRoutines: routines.filter(({ isUnreadable }) => isUnreadable).map(({ name }) => name),
  };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '0': '\0', '\\': '\\' };

function unescapeField(field: string): string {
  return field.replace(/\\(.)/g, (whole, letter: string) => ESCAPES[letter] ?? whole);
}

/** Size that a dump has at most, roughly: hexadecimal doubles, and numbers may take more room as text than as bytes. */
export function estimateDumpBytes(catalog: Catalog, structureOnly: readonly string[]): number {
  const sizes = catalog.tables
    .filter((table) => !structureOnly.includes(table.name))
    .map((table) => table.bytes * (table.hasBinary ? 2.1 : 1.5));
  return Math.ceil(sizes.reduce((sum, size) => sum + size, 4_096 * (1 + catalog.tables.length)));
}
