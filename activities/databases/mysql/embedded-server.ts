import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MysqlSource } from '../../../config/types.ts';
import { ProgramKilled, ProgramMissing } from '../../../process/errors.ts';
import type { ProgramResult, Programs, RunningProgram } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import { PhaseError } from '../../phase-error.ts';
import { optionFile } from './arguments.ts';
import { type Client, type Family, findClients, parseClientVersion } from './clients.ts';
import { confine } from './confine.ts';
import { type NoServer, runScratchSql, type ScratchServer } from './scratch-server.ts';

const READY_WITHIN_MS = 120_000;
/** Its data is thrown away: there is nothing to be written in order. */
const KILL_AFTER_MS = 200;

/** Servers are often outside of the PATH: Debian has them in /usr/sbin, Fedora in /usr/libexec. */
const DIRECTORIES = ['', '/usr/sbin/', '/usr/local/sbin/', '/usr/libexec/', '/opt/mysql/bin/'];
const SERVERS = ['mariadbd', 'mysqld'];
const INSTALLERS = ['mariadb-install-db', 'mysql_install_db'];

const PACKAGES: Readonly<Record<Family, string>> = {
  mariadb: 'mariadb-server (apt, dnf; apk: mariadb)',
  mysql: 'mysql-server (apt, dnf: mysql-server; the image of the worker may need a MySQL of its own)',
};

/** The argument by which a server that a dead drill left is told from all others. */
export function dataDirectoryArgument(directory: string): string {
  return `--datadir=${join(directory, 'data')}`;
}

/**
 * Starts a server of a family for one drill: empty, in `directory`, on a Unix socket alone, without events, and without any account
 * that may do more than fill the drill's database. The kernel ends it when
 * this process dies; root stays root, since a server that changed its user would lose that (man 2 prctl, PR_SET_PDEATHSIG).
 *
 * @throws the signal's reason
 */
export async function startEmbeddedServer(
  programs: Programs,
  place: { family: Family; directory: string; database: string },
  context: PhaseContext,
): Promise<ScratchServer | NoServer> {
  const { family, directory } = place;
  const found = await findServer(programs, family, context.signal);
  const client = await findClientOf(programs, family, context.signal);
  if (found === undefined || client === undefined) {
    const what = found === undefined ? `no ${SERVERS.join(' or ')} of this family` : 'no client of this family';
    return {
      unavailable:
        `${what} is on the worker's machine. Install ${PACKAGES[family]}, without starting its service, ` +
        'or name a server in verification.scratch.mysql.',
    };
  }
  await mkdir(join(directory, 'data'), { recursive: true, mode: 0o700 });
  await mkdir(filesDirectory(directory), { recursive: true, mode: 0o700 });
  context.report({ phase: `initialise ${family} ${found.version}` });
  const problem = await initialise(programs, { ...found, family, directory }, context);
  if (problem !== undefined) return { unavailable: `${found.program} cannot make an empty installation: ${problem}` };
  context.report({ phase: `start ${family} ${found.version}` });
  const running = await programs.start({
    program: found.program,
    args: serverArguments(family, directory),
    signal: context.signal,
    killAfterMs: KILL_AFTER_MS,
  });
  const server = describeServer({ ...found, family, directory, client, running }, place.database);
  try {
    if (!(await untilReady({ programs, server, running }, context))) return await explain(server, directory);
    await confine({ programs, server }, context);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

interface FoundServer {
  program: string;
  version: string;
}

async function findServer(programs: Programs, family: Family, signal: AbortSignal): Promise<FoundServer | undefined> {
  for (const program of SERVERS.flatMap((name) => DIRECTORIES.map((directory) => `${directory}${name}`))) {
    try {
      const { stdout } = await programs.run({ program, args: ['--no-defaults', '--version'], signal, timeoutMs: 20_000 });
      const found = parseClientVersion(stdout);
      if (found.family === family) return { program, version: found.version };
    } catch (error) {
      if (!(error instanceof ProgramMissing)) throw error;
    }
  }
  return undefined;
}

async function findClientOf(programs: Programs, family: Family, signal: AbortSignal): Promise<Client | undefined> {
  try {
    return (await findClients(programs, signal)).find((client) => client.family === family);
  } catch (error) {
    if (error instanceof PhaseError && error.type === 'ToolMissing') return undefined;
    throw error;
  }
}

type Installation = FoundServer & { family: Family; directory: string };

/** @returns what went wrong */
async function initialise(programs: Programs, installation: Installation, context: PhaseContext): Promise<string | undefined> {
  const { family, directory, program } = installation;
  const common = ['--no-defaults', dataDirectoryArgument(directory), ...userArguments()];
  const attempts =
    family === 'mysql'
      ? [{ program, args: [...common, '--initialize-insecure'] }]
      : INSTALLERS.map((installer) => ({
          program: installer,
          args: [...common, '--auth-root-authentication-method=normal', '--skip-test-db'],
        }));
  for (const attempt of attempts) {
    try {
      const { exitCode, stdout, stderr } = await programs.run({
        ...attempt,
        signal: context.signal,
        timeoutMs: READY_WITHIN_MS,
        killAfterMs: KILL_AFTER_MS,
      });
      return exitCode === 0 ? undefined : `${stderr}${stdout}`.slice(-500);
    } catch (error) {
      if (!(error instanceof ProgramMissing)) throw error;
    }
  }
  return `${INSTALLERS.join(' and ')} are missing`;
}

function filesDirectory(directory: string): string {
  return join(directory, 'files');
}

function serverArguments(family: Family, directory: string): string[] {
  return [
    '--no-defaults',
    dataDirectoryArgument(directory),
    ...userArguments(),
    // Relative to the data directory: an absolute path may be longer than the 107 bytes that a socket's name has room for.
    '--socket=s',
    '--pid-file=pid',
    '--skip-networking',
    `--tmpdir=${directory}`,
    `--log-error=${join(directory, 'error.log')}`,
    '--skip-log-bin',
    '--event-scheduler=OFF',
    '--max-allowed-packet=1G',
    '--performance-schema=OFF',
    '--local-infile=0',
    '--skip-symbolic-links',
    '--innodb-buffer-pool-size=128M',
    '--innodb-flush-log-at-trx-commit=0',
    // MariaDB has no NULL for it: there, statements that read or write files find an empty directory.
    ...(family === 'mysql' ? ['--mysqlx=OFF', '--secure-file-priv=NULL'] : [`--secure-file-priv=${filesDirectory(directory)}`]),
  ];
}

/** Both servers refuse to run as root unless they are told so. */
function userArguments(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

function describeServer(
  { directory, version, family, client, running }: Installation & { client: Client; running: RunningProgram },
  database: string,
): ScratchServer {
  const source: MysqlSource = {
    kind: 'mysql',
    name: 'scratch',
    address: { kind: 'socket', path: 's' },
    user: 'root',
    password: undefined,
    database,
    tls: 'disabled',
    tlsCa: undefined,
    structureOnly: [],
    maxShrinkRatio: 1,
  };
  const stop = async () => void (await running.stop().catch(() => undefined));
  return { family, version, source, client, options: optionFile(undefined), cwd: join(directory, 'data'), stop };
}

/** @throws {ProgramKilled} */
async function untilReady(
  { programs, server, running }: { programs: Programs; server: ScratchServer; running: RunningProgram },
  context: PhaseContext,
): Promise<boolean> {
  const deadline = performance.now() + READY_WITHIN_MS;
  let end: ProgramResult | undefined;
  const noteEnd = async () => {
    end = await running.ended;
  };
  noteEnd().catch(() => undefined);
  while (performance.now() < deadline) {
    if (end !== undefined) {
      if (end.signal !== undefined) throw new ProgramKilled(`the scratch server (${server.family})`, end.signal);
      return false;
    }
    const { exitCode } = await runScratchSql({ programs, server }, 'SELECT 1;', context, { database: 'mysql' });
    if (exitCode === 0) return true;
    await sleep(100, undefined, { signal: context.signal });
  }
  return false;
}

async function explain(server: ScratchServer, directory: string): Promise<NoServer> {
  await server.stop();
  const log = await readFile(join(directory, 'error.log'), 'utf8').catch(() => '');
  return { unavailable: `a scratch server was started, but does not answer: ${log.slice(-500)}` };
}
