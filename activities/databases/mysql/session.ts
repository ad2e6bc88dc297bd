import type { MysqlSource } from '../../../config/types.ts';
import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import { describeAddress, describeSource } from './address.ts';
import { optionFile, queryArguments } from './arguments.ts';
import { CATALOG_QUERY, type Catalog, readCatalog } from './catalog.ts';
import { type ClientEnd, clientError, failureTypeOf } from './client-errors.ts';
import { type Client, findClients, installAdvice } from './clients.ts';
import { Problem } from './problem.ts';
import { listNames } from './verify-dump.ts';

/** A log-in that worked, and the client that fits the server. */
export interface Session {
  source: MysqlSource;
  client: Client;
  /** Content of the option file. Secret. */
  options: string;
  catalog: Catalog;
}

const QUERY_TIMEOUT_MS = 120_000;

/** Environment of every client: MySQL's reads ~/.mylogin.cnf even with --defaults-file, unless it is told of another place. */
export const CLIENT_ENVIRONMENT = { MYSQL_TEST_LOGIN_FILE: '/nonexistent' };

/**
 * Logs in, looks around, and chooses the client to dump with: that of the server's own family, else MariaDB's.
 *
 * @throws {PhaseError} ToolMissing, SecretUnavailable, SourceUnavailable, AuthRejected, SourceMissing, ConfigInvalid
 */
export async function openSession(programs: Programs, source: MysqlSource, context: PhaseContext): Promise<Session> {
  const clients = await findClients(programs, context.signal);
  const options = optionFile(source.password === undefined ? undefined : await context.readSecret(source.password));
  const { client, catalog } = await logIn(clients, (candidate) =>
    readCatalogBy(programs, { source, client: candidate, options }, context),
  );
  checkTls(source, catalog);
  const ofFamily = clients.find(({ family }) => family === catalog.family) ?? client;
  checkFamily(source, ofFamily, catalog);
  return { source, client: ofFamily, options, catalog };
}

/** Reads the catalog again. */
export async function refreshCatalog(programs: Programs, session: Session, context: PhaseContext): Promise<Catalog> {
  const answer = await readCatalogBy(programs, session, context);
  if ('catalog' in answer) return answer.catalog;
  throw answer.error;
}

type Answer = { catalog: Catalog } | { error: Problem; isUnsuitable: boolean };

/** Takes the first client that gets in. Only one that cannot speak with this server makes room for the next. */
async function logIn(
  clients: readonly Client[],
  attempt: (client: Client) => Promise<Answer>,
): Promise<{ client: Client; catalog: Catalog }> {
  let unsuitable: Problem | undefined;
  for (const client of clients) {
    const answer = await attempt(client);
    if ('catalog' in answer) return { client, catalog: answer.catalog };
    if (!answer.isUnsuitable) throw answer.error;
    unsuitable ??= answer.error;
  }
  throw unsuitable ?? new Error('no client to log in with');
}

async function readCatalogBy(
  programs: Programs,
  { source, client, options }: Omit<Session, 'catalog'>,
  context: PhaseContext,
): Promise<Answer> {
  const result = await programs.run({
    program: client.queryProgram,
    args: queryArguments(source, client),
    env: CLIENT_ENVIRONMENT,
    input: CATALOG_QUERY,
    secretInput: options,
    signal: context.signal,
    timeoutMs: QUERY_TIMEOUT_MS,
    killAfterMs: 500,
  });
  if (result.exitCode === 0) return { catalog: readCatalog(result.stdout, source.database) };
  const end: ClientEnd = { program: client.queryProgram, exitCode: result.exitCode, stderr: result.stderr };
  return { error: clientError(source, client, end, 'SourceUnavailable'), isUnsuitable: failureTypeOf(end) === 'ToolMissing' };
}

/**
 * MySQL's client is refused at a MariaDB server. MariaDB's works at MySQL, except that it writes values for generated columns, which
 * MySQL refuses to load (error 3105; mariadb-dump 10.11 at MySQL 9.7).
 */
function checkFamily(source: MysqlSource, client: Client, catalog: Catalog): void {
  if (client.family === catalog.family) return;
  const program = `${client.dumpProgram} ${client.version}`;
  if (catalog.family === 'mariadb') {
    throw new Problem(
      'ToolMissing',
      `${describeSource(source)}: the server is MariaDB ${catalog.version}, which MySQL's ${program} does not dump faithfully.`,
      installAdvice('mariadb'),
    );
  }
  if (catalog.tablesWithSpecialColumns.length === 0) return;
  throw new Problem(
    'ToolMissing',
    `${describeSource(source)}: the server is MySQL ${catalog.version}, and a dump by MariaDB's ${program} would not load again: ` +
      `generated or invisible columns in ${listNames(catalog.tablesWithSpecialColumns)}.`,
    "Install MySQL's own mysql and mysqldump, from its packages or image, ahead of it on the PATH.",
  );
}

function checkTls(source: MysqlSource, catalog: Catalog): void {
  const isNeeded = source.address.kind === 'tcp' && (source.tls === 'required' || source.tls === 'verify');
  if (!isNeeded || catalog.cipher !== '') return;
  throw new Problem(
    'ConfigInvalid',
    `${describeSource(source)}: the connection is not encrypted, but holdfast.yaml says \`tls: ${source.tls}\`.`,
    `Switch TLS on at ${describeAddress(source)}, or say \`tls: preferred\` where the network can be trusted.`,
  );
}
