import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RestoreDocument } from '../../client/runs/restore-document.ts';
import type { DatabaseServer } from './database-server.ts';
import { Holdfast, renderConfiguration } from './holdfast.ts';
import { startMariadb } from './mariadb-server.ts';
import { createSubject } from './mysql-subject.ts';
import { createTrackerDatabase } from './tracker-database.ts';

/** The configuration, with the database server at a socket. */
export function renderScene(directory: string, socket: string): string {
  return renderConfiguration(directory, {
    sources: sources(directory, socket),
    extra: `archive: { directory: ${directory}/archives }`,
  });
}

const sources = (directory: string, socket: string) => `
files:
  config: { base: ${directory}/data, paths: [etc, "*.env"], exclude: ["*.log"] }
sqlite:
  wal: { path: ${directory}/data/lib/wal.db }
  rollback: { path: ${directory}/data/lib/rollback.db }
mysql:
  tracker: { socket: ${socket}, user: root, database: tracker }
`;

/** Files, two SQLite databases and a database server, backed up once by a running Holdfast. */
export class RestoreScene {
  readonly holdfast: Holdfast;
  readonly server: DatabaseServer;
  /** Where the files and SQLite databases are. */
  readonly data: string;
  /** The first backup. */
  readonly first: { snapshotId: string; at: string };

  private constructor(holdfast: Holdfast, server: DatabaseServer, snapshotId: string) {
    this.holdfast = holdfast;
    this.server = server;
    this.data = join(holdfast.directory, 'data');
    this.first = { snapshotId, at: new Date().toISOString() };
  }

  /** `environment` is added to that of the worker. */
  static async create(
    start: () => Promise<DatabaseServer> = startMariadb,
    environment: Record<string, string> = {},
  ): Promise<RestoreScene> {
    const server = await start();
    await createSubject(server);
    const holdfast = await Holdfast.create((directory) => renderScene(directory, server.socket), { environment });
    await makeData(join(holdfast.directory, 'data'));
    await holdfast.up();
    await holdfast.cli('init');
    const { run } = await holdfast.backup('tracker');
    if (run.snapshot_id === null) throw new Error(`there is nothing to restore: ${run.failure?.message}`);
    return new RestoreScene(holdfast, server, run.snapshot_id);
  }

  /** Runs `restore tracker --json` and returns what it printed. */
  async restore(...args: string[]): Promise<{ exitCode: number; stderr: string; result: RestoreDocument }> {
    const { exitCode, stdout, stderr } = await this.holdfast.cli('restore', 'tracker', '--json', ...args);
    if (!stdout.startsWith('{')) throw new Error(`restore printed no JSON: ${stdout}${stderr}`);
    return { exitCode, stderr, result: JSON.parse(stdout) as RestoreDocument };
  }

  /** Everything in a database of the server, as text: rows, routines, triggers, events, views, and where AUTO_INCREMENT stands. */
  async everythingIn(database: string): Promise<string> {
    const { programs, title } = this.server.recipe;
    const login = ['--no-defaults', `--socket=${this.server.socket}`, '--user=root'];
    const what = ['--routines', '--events', '--triggers', '--hex-blob', '--skip-dump-date', '--order-by-primary'];
    const program = title === 'MySQL' ? 'mysqldump' : 'mariadb-dump';
    const { exitCode, stdout, stderr } = await programs.run({ program, args: [...login, ...what, database] });
    if (exitCode !== 0) throw new Error(stderr);
    return stdout.replaceAll(`\`${database}\``, '').replaceAll(/^-- .*(?:Host|database).*$/gm, '');
  }

  /** Types, modes, times, owners and link targets of all that lies in a directory. */
  async listFiles(directory: string): Promise<string> {
    const format = '%P\\t%y\\t%m\\t%T@\\t%U\\t%G\\t%l\\0';
    return this.holdfast.tool('find', ['.', '!', '-name', '*.log', '-printf', format], { cwd: directory });
  }

  async stop(): Promise<void> {
    await this.holdfast.stop();
    await this.server.stop();
  }
}

async function makeData(data: string): Promise<void> {
  await mkdir(join(data, 'etc/empty'), { recursive: true });
  await mkdir(join(data, 'lib'));
  await writeFile(join(data, 'etc/app.toml'), 'generation = 1\n', { mode: 0o640 });
  await writeFile(Buffer.concat([Buffer.from(`${data}/etc/`), Buffer.from([0xff, 0x0a, 0xfe])]), 'not UTF-8');
  await symlink('../nowhere', join(data, 'etc/link'));
  await writeFile(join(data, '.env'), 'SECRET=1\n');
  await chown(join(data, '.env'), 1234, 2345);
  await chmod(join(data, '.env'), 0o600);
  await createTrackerDatabase(join(data, 'lib/wal.db'), { journalMode: 'wal', bytes: 3_000_000 });
  await createTrackerDatabase(join(data, 'lib/rollback.db'), { journalMode: 'delete', bytes: 1_000_000 });
}
