import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CONTESTANTS } from './contestants/all.mjs';
import { Place } from './contestants/place.mjs';
import { diskUsage } from './disk-usage.mjs';
import { isSame } from './same.mjs';
import { formatBytes, formatSeconds } from './size.mjs';
import { Writer } from './workload/writer.mjs';

const COMMITS_PER_SECOND = 20;
const IDLE_MS = 5000;
const DAY_MS = 86_400_000;

const say = (line) => console.error(`bench: ${line}`);

/** The same days for all contestants, one after another in each. */
export class Tournament {
  constructor({ workload, directory, options, path }) {
    this.workload = workload;
    this.directory = directory;
    this.options = options;
    this.path = path;
    /** @type {import('./types.d.ts').Run[]} */
    this.runs = [];
    /** @type {import('./types.d.ts').Contestant[]} */
    this.contestants = [];
    this.skipped = [];
  }

  async run() {
    const { workload, options } = this;
    say(
      `makes a SQLite database of ${formatBytes(options.size)}${options.mysqlSize > 0 ? ` and a MariaDB one of ${formatBytes(options.mysqlSize)}` : ''}`,
    );
    await workload.create();
    const sizes = await workload.sizes();
    await this.#prepare();
    const writer = options.hasWriter ? new Writer(workload.sqlite, COMMITS_PER_SECOND) : undefined;
    try {
      const idleStallMs = await this.#idle(writer);
      await this.#days(writer);
      await writer?.stop();
      const restores = await this.#restore();
      const titles = Object.fromEntries(this.contestants.map(({ name, title }) => [name, title]));
      return {
        sizes,
        titles,
        runs: this.runs,
        restores,
        skipped: this.skipped,
        idleStallMs,
        hasMysql: workload.mariadb !== undefined,
      };
    } finally {
      if (writer?.isRunning()) await writer.stop();
    }
  }

  async #prepare() {
    const subject = this.workload.toSubject(this.path);
    for (const name of this.options.only) {
      const place = new Place(join(this.directory, name), subject, this.options.limitMs);
      const contestant = CONTESTANTS[name](place, () => this.workload.databaseFiles);
      try {
        await contestant.prepare();
        this.contestants.push(contestant);
      } catch (error) {
        say(`${name} is left out: ${error.message}`);
        this.skipped.push({ name, reason: error.message.split('\n')[0] });
      }
    }
  }

  /** How slow the slowest commit is when nothing is backed up. */
  async #idle(writer) {
    if (writer === undefined) return undefined;
    await writer.slowestSince();
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    return writer.slowestSince();
  }

  async #days(writer) {
    const patterns = this.options.patterns.flatMap((pattern) => Array.from({ length: this.options.days }, () => pattern));
    for (const [day, pattern] of ['first', ...patterns].entries()) {
      if (day > 0) await this.workload.work(pattern, day);
      // Another one begins each day: what it reads first, the others find in memory.
      const turn = day % this.contestants.length;
      for (const contestant of [...this.contestants.slice(turn), ...this.contestants.slice(0, turn)])
        await this.#backUp({ contestant, day, pattern, writer });
    }
  }

  async #backUp({ contestant, day, pattern, writer }) {
    const before = await diskUsage(contestant.repository);
    await writer?.slowestSince();
    const date = new Date(Date.now() + (day - 400) * DAY_MS).toISOString().slice(0, 19).replace('T', ' ');
    const { exitCode, isCutOff, output, ...measured } = await contestant.backup(date);
    const stallMs = await writer?.slowestSince();
    const grown = (await diskUsage(contestant.repository)) - before;
    const ended = isCutOff ? 'cut off' : exitCode === 0 ? 'ok' : `failed (${exitCode})`;
    this.runs.push({ contestant: contestant.name, day, pattern, ended, ...measured, grown, stallMs });
    say(`day ${day} ${pattern}: ${contestant.name} ${ended} in ${formatSeconds(measured.wallS)}, stored ${formatBytes(grown)}`);
    if (ended.startsWith('failed')) say(output.trimEnd().split('\n').slice(-15).join('\n'));
  }

  async #restore() {
    const restores = [];
    for (const contestant of this.contestants) {
      try {
        const { wallS, database } = await contestant.restore();
        const isRight = database !== undefined && (await isSame(database, this.workload));
        restores.push({ contestant: contestant.name, wallS, isRight });
        say(`restore: ${contestant.name} in ${formatSeconds(wallS)}, ${isRight ? 'right' : 'not the same'}`);
      } catch (error) {
        say(`restore: ${contestant.name} failed: ${error.message}`);
        restores.push({ contestant: contestant.name, wallS: undefined, isRight: false });
      }
      for (const name of ['restored', 'restore'])
        await rm(join(this.directory, contestant.name, name), { recursive: true, force: true });
    }
    return restores;
  }
}
