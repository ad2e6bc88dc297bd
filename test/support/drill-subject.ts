/**
 * What drills are tried on: a SQLite in WAL mode, a MariaDB with an object of each kind, files and an archive, backed up by a real run.
 */
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DrillDocument } from '../../contract/drill-document.ts';
import type { DatabaseServer } from './database-server.ts';
import { Holdfast, renderConfiguration } from './holdfast.ts';
import { startMariadb } from './mariadb-server.ts';
import { createTrackerDatabase } from './tracker-database.ts';

const SOURCES = (directory: string, port: number) => `
files:
  config: { base: ${directory}/data, paths: [etc] }
sqlite:
  tracker: { path: ${directory}/data/tracker.db }
mysql:
  shop: { host: 127.0.0.1, port: ${port}, user: backup, password: { env: DB_PASSWORD }, database: shop }
`;
const EXTRA = (directory: string) => `
archive: { directory: ${directory}/archives }
verification:
  schedule: { cron: "0 6 1 * *" }
  required_files: [files/config/etc/tracker.toml, sqlite/tracker.db]
  queries:
    - { sqlite: tracker, sql: "SELECT count(*) FROM torrents", at_least: 1000 }
    - { mysql: shop, sql: "SELECT name FROM items WHERE id = 1", equals: "It's one" }
    - { mysql: shop, sql: "SELECT max(name) FROM items", not_empty: true }
`;

/** Two more plans in the same worker: one whose database is broken, and one that expects what is not so. */
const OTHERS = (directory: string) => `  broken:
    repository: main
    sources: { sqlite: { index: { path: ${directory}/data/broken.db } } }
  expecting:
    repository: main
    sources: { files: { config: { base: ${directory}/data, paths: [etc] } }, sqlite: { tracker: { path: ${directory}/data/tracker.db, method: sql } } }
    verification:
      schedule: { cron: "0 6 1 * *" }
      required_files: [files/config/etc/absent.toml]
      queries:
        - { sqlite: tracker, sql: "SELECT count(*) FROM torrents", at_most: 3 }
        - { sqlite: tracker, sql: "SELECT absent FROM nowhere", at_least: 1 }
`;

const PASSWORD = 'a secret of the shop';

const SHOP = `SET NAMES utf8mb4;
  CREATE DATABASE shop CHARACTER SET utf8mb4;
  CREATE USER 'backup'@'127.0.0.1' IDENTIFIED BY '${PASSWORD}'; GRANT ALL ON *.* TO 'backup'@'127.0.0.1';
  USE shop;
  CREATE TABLE items (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), picture BLOB);
  INSERT INTO items (name, picture) VALUES ('It''s one', X'00FF'), ('zwölf 🜁', NULL), ('three', X'');
  CREATE TABLE orders (id INT PRIMARY KEY, item INT, FOREIGN KEY (item) REFERENCES items (id));
  INSERT INTO orders VALUES (1, 1), (2, 3);
  CREATE VIEW open_orders AS SELECT * FROM orders;
  CREATE TRIGGER before_order BEFORE INSERT ON orders FOR EACH ROW SET NEW.item = IFNULL(NEW.item, 1);
  CREATE PROCEDURE tidy() DELETE FROM orders WHERE id < 0;
  CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO CALL tidy();`;

/** A plan `tracker` with one good snapshot, and what the tests do with it. */
export class DrillSubject {
  readonly holdfast: Holdfast;
  /** Id of the good snapshot. */
  readonly good: string;
  readonly #server: DatabaseServer;

  private constructor(holdfast: Holdfast, server: DatabaseServer, good: string) {
    this.holdfast = holdfast;
    this.#server = server;
    this.good = good;
  }

  static async create(): Promise<DrillSubject> {
    const server = await startMariadb();
    try {
      await server.sql(SHOP);
      const holdfast = await Holdfast.create((directory) => renderPlans(directory, server.port), {
        environment: { DB_PASSWORD: PASSWORD },
      });
      await fill(join(holdfast.directory, 'data'));
      await holdfast.up();
      await holdfast.cli('init');
      const { run } = await holdfast.backup('tracker');
      if (run.outcome !== 'succeeded') throw new Error(`no backup to drill: ${JSON.stringify(run.failure)}`);
      return new DrillSubject(holdfast, server, run.snapshot_id ?? '');
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async dispose(): Promise<void> {
    await this.holdfast.stop();
    await this.#server.stop();
  }

  /** Runs `verify PLAN --json` and returns what it printed. */
  async verify(plan: string, ...flags: string[]): Promise<{ exitCode: number; drill: DrillDocument }> {
    const result = await this.holdfast.cli('verify', plan, '--json', ...flags);
    try {
      return { exitCode: result.exitCode, drill: JSON.parse(result.stdout) as DrillDocument };
    } catch (error) {
      throw new Error(`verify ${plan} printed no JSON: ${result.stdout}\n${result.stderr}`, { cause: error });
    }
  }

  /** Restores the good snapshot, damages it, backs it up again as Holdfast would have, and returns the new id. */
  async craft(damage: (tree: string) => Promise<void>): Promise<string> {
    const { directory, environment } = this.holdfast;
    const tree = join(directory, 'crafted');
    await this.holdfast.restic('restore', this.good, '--target', tree);
    await damage(tree);
    const env = { RESTIC_PASSWORD: environment['RESTIC_SECRET'] ?? '', RESTIC_CACHE_DIR: join(directory, 'cache') };
    const args = ['-r', join(directory, 'repository'), 'backup', '--json', '--host', 'test-host', '--tag', 'plan:tracker', '.'];
    const output = await this.holdfast.tool('restic', args, { env, cwd: tree });
    await rm(tree, { recursive: true });
    return (JSON.parse(output.trim().split('\n').at(-1) ?? '') as { snapshot_id: string }).snapshot_id;
  }

  /** What is left of drills: names in their scratch place, and servers that run there. */
  async remains(): Promise<{ names: string[]; servers: string[] }> {
    return {
      names: await readdir(join(this.holdfast.directory, 'state/drill')),
      servers: await this.scratchServers('--datadir'),
    };
  }

  /** Process ids of servers on a scratch directory of this subject that were started with an argument. */
  async scratchServers(argument: string): Promise<string[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const found = await Promise.all(
      pids.map(async (pid) => {
        const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        const isScratch = commandLine.includes(`--datadir=${this.holdfast.directory}/state/drill/`);
        return isScratch && commandLine.includes(argument) ? [pid] : [];
      }),
    );
    return found.flat();
  }
}

/** Names of the checks that did not pass, with what they say. */
export function complaints({ checks }: DrillDocument): Record<string, string> {
  return Object.fromEntries(
    checks.filter(({ status }) => status !== 'pass').map(({ name, status, message = '' }) => [name, `${status}: ${message}`]),
  );
}

function renderPlans(directory: string, port: number): string {
  return `${renderConfiguration(directory, { sources: SOURCES(directory, port), extra: EXTRA(directory) })}${OTHERS(directory)}`;
}

async function fill(data: string): Promise<void> {
  await mkdir(join(data, 'etc'), { recursive: true });
  await writeFile(join(data, 'etc/tracker.toml'), '[metadata]\n');
  await writeFile(join(data, 'etc/secret.env'), 'SECRET=1\n');
  await chmod(join(data, 'etc/secret.env'), 0o640);
  await createTrackerDatabase(join(data, 'tracker.db'), { journalMode: 'wal', bytes: 2_000_000 });
}
