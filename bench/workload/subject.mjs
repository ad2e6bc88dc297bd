import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFreePorts } from '../../scripts/demo/ports.mjs';
import { formatBytes } from '../size.mjs';
import { Changes } from './changes.mjs';
import { Mariadb } from './mariadb.mjs';

const WORK = join(dirname(fileURLToPath(import.meta.url)), 'sqlite-work.py');

/** What all contestants back up: a SQLite database, two files, and a MariaDB server; and the work of a day on it. */
export class Workload {
  #days = 0;

  /** @param {import('../../scripts/demo/children.mjs').Children} children */
  constructor(children, directory, options) {
    this.children = children;
    this.options = options;
    this.directory = options.subject ?? join(directory, 'subject');
    this.sqlite = join(this.directory, 'tracker/sqlite3.db');
    /** @type {Mariadb | undefined} */
    this.mariadb = undefined;
    this.mariadbDirectory = join(directory, 'mariadb');
    this.changes = new Changes(this);
  }

  /** Makes the databases, or takes the SQLite database that an earlier run made in `--subject`, as its days of work have left it. */
  async create() {
    const { mysqlSize, seed } = this.options;
    await this.createSqlite();
    if (mysqlSize === 0) return;
    const [port] = await findFreePorts(1);
    this.mariadb = await Mariadb.start(this.children, { directory: this.mariadbDirectory, port, bytes: mysqlSize, seed });
  }

  async createSqlite() {
    if (await this.#isThere()) return;
    await mkdir(join(this.directory, 'tracker/etc'), { recursive: true });
    await mkdir(join(this.directory, 'config'), { recursive: true });
    await writeFile(join(this.directory, 'tracker/etc/tracker.toml'), '[core.database]\ndriver = "sqlite3"\n');
    await writeFile(join(this.directory, 'config/.env'), 'TRACKER_PORT=7070\n');
    await this.#python('create', String(this.options.size), this.options.seed);
    await this.#note();
  }

  /** Whether the database is there already. @throws when another one is, or a half of one */
  async #isThere() {
    if (!existsSync(this.sqlite)) return false;
    const note = await readFile(this.#notePath, 'utf8').then(JSON.parse, () => undefined);
    const { size, seed } = this.options;
    if (note?.size !== size || note.seed !== seed)
      throw new Error(
        `${this.directory} holds ${note === undefined ? 'half a database' : `one of ${formatBytes(note.size)}, seed ${note.seed}`}: remove it, or name another --subject`,
      );
    this.#days = note.days;
    return true;
  }

  get #notePath() {
    return join(this.directory, 'subject.json');
  }

  #note() {
    const { size, seed } = this.options;
    return writeFile(this.#notePath, `${JSON.stringify({ size, seed, days: this.#days })}\n`);
  }

  #python(action, subject, seed) {
    return this.children.run('python3', [WORK, action, this.sqlite, subject, seed]);
  }

  /** Puts the SQLite database out of memory, or into it as far as it has room. @param {'cold' | 'warm'} state */
  async toMemory(state) {
    const advice = 'import os, sys; os.posix_fadvise(os.open(sys.argv[1], os.O_RDONLY), 0, 0, os.POSIX_FADV_DONTNEED)';
    if (state === 'cold') await this.children.run('python3', ['-c', advice, this.sqlite]);
    else await this.children.run('sh', ['-c', 'exec cat -- "$1" > /dev/null', 'sh', this.sqlite]);
  }

  /** One day of work on both databases, another one each time. @param {string} pattern */
  async work(pattern) {
    this.#days += 1;
    await this.#note();
    const seed = `${this.options.seed}-${this.#days}`;
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
