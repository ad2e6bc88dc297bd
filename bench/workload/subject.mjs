import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFreePorts } from '../../scripts/demo/ports.mjs';
import { Mariadb } from './mariadb.mjs';

const WORK = join(dirname(fileURLToPath(import.meta.url)), 'sqlite-work.py');

/** What all contestants back up: a SQLite database, two files, and a MariaDB server; and the work of a day on it. */
export class Workload {
  /** @param {import('../../scripts/demo/children.mjs').Children} children */
  constructor(children, directory, options) {
    this.children = children;
    this.options = options;
    this.directory = join(directory, 'subject');
    this.sqlite = join(this.directory, 'tracker/sqlite3.db');
    /** @type {Mariadb | undefined} */
    this.mariadb = undefined;
    this.mariadbDirectory = join(directory, 'mariadb');
    this.torrents = 0;
  }

  async create() {
    const { size, mysqlSize, seed } = this.options;
    await mkdir(join(this.directory, 'tracker/etc'), { recursive: true });
    await mkdir(join(this.directory, 'config'));
    await writeFile(join(this.directory, 'tracker/etc/tracker.toml'), '[core.database]\ndriver = "sqlite3"\n');
    await writeFile(join(this.directory, 'config/.env'), 'TRACKER_PORT=7070\n');
    await this.#python('create', String(size));
    if (mysqlSize === 0) return;
    const [port] = await findFreePorts(1);
    this.mariadb = await Mariadb.start(this.children, { directory: this.mariadbDirectory, port, bytes: mysqlSize, seed });
  }

  async #python(action, subject, seed = this.options.seed) {
    this.torrents = Number(await this.children.run('python3', [WORK, action, this.sqlite, subject, seed]));
  }

  /** One day of work on both databases. @param {string} pattern @param {number} day */
  async work(pattern, day) {
    const seed = `${this.options.seed}-${day}`;
    await this.#python('work', pattern, seed);
    await this.mariadb?.work(pattern, seed);
  }

  /** The files that hold the databases. */
  get databaseFiles() {
    const table = join(this.mariadbDirectory, 'data/tracker/torrents.ibd');
    return this.mariadb === undefined ? [this.sqlite] : [this.sqlite, table];
  }

  /** Bytes of each database's file. */
  async sizes() {
    return Promise.all(this.databaseFiles.map(async (path) => (await stat(path)).size));
  }

  /** @returns {import('../types.d.ts').Subject} */
  toSubject(path) {
    return { directory: this.directory, sqlite: this.sqlite, mysql: this.mariadb?.access, path };
  }
}
