import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { measure } from '../measure.mjs';

/** What is no disk that a tool needs besides: it is measured apart, can go at any time, or belongs to the bench. */
const NOT_BESIDES = ['repository', 'cache', 'restored', 'random'];

/** Limit of what is no backup: set-ups and restores. */
export const PATIENCE_MS = 4 * 3_600_000;

/**
 * The directory of one contestant, and the environment that its programs get: nothing of another contestant, and nothing of the user.
 *
 * `data/` of it leads to what all of them back up.
 */
export class Place {
  /** @param {string} directory @param {import('../types.d.ts').Subject} subject @param {number} limitMs */
  constructor(directory, subject, limitMs) {
    this.directory = directory;
    this.subject = subject;
    this.limitMs = limitMs;
    this.repository = join(directory, 'repository');
    const mysql = subject.mysql;
    this.environment = {
      PATH: subject.path,
      HOME: directory,
      LANG: 'C.UTF-8',
      ROOT: directory,
      RESTIC_REPOSITORY: this.repository,
      RESTIC_PASSWORD: 'bench',
      RESTIC_CACHE_DIR: join(directory, 'cache'),
      ...(mysql === undefined
        ? {}
        : {
            MYSQL_HOST: '127.0.0.1',
            MYSQL_TCP_PORT: String(mysql.port),
            MYSQL_USER: mysql.user,
            MYSQL_PASSWORD: mysql.password,
            MYSQL_DATABASE: mysql.database,
          }),
    };
  }

  /** Makes the directory, with a link to the data. */
  async prepare(...directories) {
    for (const name of ['', ...directories]) await mkdir(join(this.directory, name), { recursive: true });
    await symlink(this.subject.directory, join(this.directory, 'data'));
  }

  /** @param {string} name @param {string} text */
  async write(name, text, mode = 0o600) {
    const path = join(this.directory, name);
    await writeFile(path, text, { mode });
    return path;
  }

  /** @param {string[]} command @param {{ env?: Record<string, string>, residents?: number[], limitMs?: number }} [options] */
  run(command, { env = {}, residents = [], limitMs = this.limitMs } = {}) {
    return measure(command, {
      env: { ...this.environment, ...env },
      cwd: this.directory,
      residents,
      limitMs,
      watched: { directory: this.directory, except: NOT_BESIDES },
    });
  }

  /** Runs what is no part of the measuring. @throws when it fails. @param {string[]} command */
  async must(command, options = {}) {
    const result = await this.run(command, { limitMs: PATIENCE_MS, ...options });
    if (result.exitCode !== 0)
      throw new Error(`${command.slice(0, 4).join(' ')} ended with ${result.exitCode}:\n${result.output}`);
    return result;
  }

  /** The file below a directory that has this name, or undefined. @param {string} name */
  async find(name, directory = join(this.directory, 'restored')) {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const entry = entries.find((one) => one.isFile() && one.name === name);
    return entry === undefined ? undefined : join(entry.parentPath, entry.name);
  }
}
