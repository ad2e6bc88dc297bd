/**
 * Builds what the clients of MySQL and MariaDB are called with: option file, arguments.
 *
 * What must never be here: a password in an argument.
 */
import type { MysqlSource } from '../../../config/types.ts';
import { SECRET_PATH } from '../../../process/programs.ts';
import type { Client } from './clients.ts';

/** Parts of a dump that are left out because the account may not read them. */
export interface Omissions {
  events: boolean;
  routines: boolean;
}

/**
 * Content of the option file that a client reads instead of all others: the password, quoted as mysys/my_default.c reads it (inside
 * quotes a `#` begins no comment; backslash and quote are escaped).
 */
export function optionFile(password: string | undefined): string {
  if (password === undefined) return '[client]\n';
  const escaped = password.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `[client]\npassword="${escaped}"\n`;
}

/** Arguments that every client begins with. `--defaults-file` has to come first, and keeps ~/.my.cnf and /etc/my.cnf away. */
export function connectionArguments(source: MysqlSource, client: Client): string[] {
  const { address, user } = source;
  return [
    `--defaults-file=${SECRET_PATH}`,
    ...(address.kind === 'tcp'
      ? ['--protocol=tcp', `--host=${address.host}`, `--port=${address.port}`]
      : ['--protocol=socket', `--socket=${address.path}`]),
    `--user=${user}`,
    ...tlsArguments(source, client),
  ];
}

/**
 * TLS as each flavour has it. A Unix socket has none. `--ssl` of MariaDB falls back to plain text where the server has no TLS
 * (measured, 10.11 and 11.8), so `required` is also looked after once the log-in stands; from 11.4 on it verifies unless told not to.
 */
function tlsArguments({ address, tls, tlsCa }: MysqlSource, client: Client): string[] {
  const mode = address.kind === 'socket' ? 'disabled' : tls;
  const ca = mode === 'verify' && tlsCa !== undefined ? [`--ssl-ca=${tlsCa}`] : [];
  if (client.family === 'mariadb') {
    if (mode === 'disabled') return ['--skip-ssl', '--skip-ssl-verify-server-cert'];
    return ['--ssl', mode === 'verify' ? '--ssl-verify-server-cert' : '--skip-ssl-verify-server-cert', ...ca];
  }
  const modes = { disabled: 'DISABLED', preferred: 'PREFERRED', required: 'REQUIRED', verify: 'VERIFY_IDENTITY' };
  // Without TLS caching_sha2_password needs the server's key to hide the password with.
  const key = address.kind === 'tcp' && (mode === 'disabled' || mode === 'preferred') && client.major >= 8;
  return [`--ssl-mode=${modes[mode]}`, ...(key ? ['--get-server-public-key'] : []), ...ca];
}

/**
 * Arguments of the query client: tab-separated rows of the statements on its standard input.
 *
 * What it reads may be a dump that anybody wrote, and the server may ask for files: `--binary-mode` takes away all commands of the
 * client's own (`\\!`, `source`, `tee`) but `delimiter` and `charset`, in both families and all versions, and keeps values byte for byte
 * besides; the other one refuses LOAD DATA LOCAL.
 */
export function queryArguments(source: MysqlSource, client: Client): string[] {
  return [
    ...connectionArguments(source, client),
    '--default-character-set=utf8mb4',
    '--batch',
    '--skip-column-names',
    '--binary-mode',
    '--local-infile=0',
    '--connect-timeout=15',
    `--database=${source.database}`,
  ];
}

/**
 * Arguments of each call of the dump program, in order; all of them write to one file.
 *
 * Rows are ordered by primary key because the server otherwise reads a table from any secondary index that holds all its columns
 * (EXPLAIN on MariaDB 10.11 and MySQL 9.7), which scatters new rows over the whole dump and defeats deduplication; on InnoDB this
 * order costs no sort. `--max-allowed-packet` is the largest there is: the default loses rows above 16 or 24 MiB.
 *
 * MariaDB leaves out the rows of `structureOnly` itself; MySQL needs a call of its own for those tables. It comes first, so that
 * views find them.
 */
export function dumpArguments(
  source: MysqlSource,
  client: Client,
  options: { structureOnly: readonly string[]; omit: Omissions },
): string[][] {
  const { structureOnly, omit } = options;
  const common = [
    ...connectionArguments(source, client),
    ...COMMON,
    ...(client.family === 'mysql' ? mysqlArguments(client) : []),
  ];
  const objects = [omit.routines ? '--skip-routines' : '--routines', omit.events ? '--skip-events' : '--events'];
  const option = client.family === 'mariadb' ? '--ignore-table-data' : '--ignore-table';
  const ignored = structureOnly.map((table) => `${option}=${source.database}.${table}`);
  const main = [...common, ...objects, ...ignored, '--', source.database];
  if (client.family === 'mariadb' || structureOnly.length === 0) return [main];
  return [[...common, '--no-data', '--skip-routines', '--skip-events', '--', source.database, ...structureOnly], main];
}

const COMMON = [
  '--single-transaction',
  '--quick',
  '--triggers',
  '--hex-blob',
  '--no-tablespaces',
  '--skip-dump-date',
  '--order-by-primary',
  '--default-character-set=utf8mb4',
  '--max-allowed-packet=1G',
];

/** MySQL's own program alone knows these; MariaDB's ends with exit code 7 at them. */
function mysqlArguments(client: Client): string[] {
  return ['--set-gtid-purged=OFF', ...(client.major >= 8 ? ['--column-statistics=0'] : [])];
}
