import { join } from 'node:path';
import { compareRestores } from './chain.mjs';
import { CONTESTANTS } from './contestants/all.mjs';
import { Place } from './contestants/place.mjs';
import { diskUsage } from './disk-usage.mjs';
import { restoreAll } from './restores.mjs';
import { say } from './say.mjs';
import { formatBytes, formatSeconds } from './size.mjs';
import { Writer } from './workload/writer.mjs';

const COMMITS_PER_SECOND = 20;
const IDLE_S = 15;
const DAY_MS = 86_400_000;

/** First backups and days of some contestants, with a writer or without. */
export class Round {
  constructor({ workload, directory, options, path, names, hasWriter, isFirst }) {
    Object.assign(this, { workload, directory, options, path, names, hasWriter, isFirst });
    /** @type {import('./types.d.ts').Run[]} */
    this.runs = [];
    /** @type {import('./types.d.ts').Contestant[]} */
    this.contestants = [];
    this.skipped = [];
    /** Who was cut off once, and is not asked again. */
    this.beaten = new Set();
  }

  async run() {
    for (const name of this.names) await this.#prepare(name);
    const writer = this.hasWriter ? new Writer(this.workload.sqlite, COMMITS_PER_SECOND) : undefined;
    try {
      const idleStallMs = await this.#idle(writer);
      await this.#days(writer);
      await writer?.stop();
      const { skipRestore, restoreChain } = this.options;
      const restores = this.isFirst && !skipRestore ? await restoreAll(this) : [];
      const chained = this.contestants.find(({ name }) => name === 'holdfast-incremental');
      const chains = this.isFirst && restoreChain && chained !== undefined ? await this.#compareRestores(chained) : [];
      const titles = Object.fromEntries(this.contestants.map(({ name, title }) => [name, title]));
      return { titles, runs: this.runs, restores, chains, skipped: this.skipped, idleStallMs };
    } finally {
      if (writer?.isRunning()) await writer.stop();
    }
  }

  /** Has a contestant take part, if it can. */
  async #prepare(name) {
    const place = new Place(join(this.directory, name), this.workload.toSubject(this.path), this.options.limitMs);
    const contestant = CONTESTANTS[name](place, this.workload);
    try {
      await contestant.prepare();
      this.contestants.push(contestant);
    } catch (error) {
      say(`${name} is left out: ${error.message}`);
      this.skipped.push({ name, reason: error.message.split('\n')[0] });
    }
    return contestant;
  }

  /** How slow the slowest commit is when nothing is backed up. */
  async #idle(writer) {
    if (writer === undefined) return undefined;
    await writer.slowestSince();
    await new Promise((resolve) => setTimeout(resolve, IDLE_S * 1000));
    return writer.slowestSince();
  }

  async #days(writer) {
    const { changes } = this.workload;
    const hasYardstick = this.names.includes('limit');
    const patterns = this.options.patterns.flatMap((pattern) => Array.from({ length: this.options.days }, () => pattern));
    for (const [day, pattern] of ['first', ...patterns].entries()) {
      if (day > 0) await this.workload.work(pattern);
      const changed = hasYardstick ? await (day === 0 ? changes.begin() : changes.next()) : undefined;
      // Another one begins each day: what it reads first, the others find in memory.
      const turn = day % this.contestants.length;
      for (const contestant of [...this.contestants.slice(turn), ...this.contestants.slice(0, turn)])
        await this.#backUp({ contestant, day, pattern, changed, writer, memory: this.#memoryOn(day) });
    }
  }

  /** Undefined: as it comes. */
  #memoryOn(day) {
    if (day === 0 || this.options.memory !== 'both') return undefined;
    return day % 2 === 1 ? 'cold' : 'warm';
  }

  async #backUp({ contestant, day, pattern, changed, writer, memory }) {
    const { name } = contestant;
    const known = { contestant: name, day, pattern, hasWriter: this.hasWriter, memory, changed };
    if (this.beaten.has(name)) return void this.runs.push({ ...known, ended: 'not asked again' });
    await contestant.makeReady?.(changed);
    const before = diskUsage(contestant.repository);
    if (memory !== undefined) await this.workload.toMemory(memory);
    await writer?.slowestSince();
    const { exitCode, isCutOff, output, ...measured } = await contestant.backup(dateOf(day));
    const stallMs = await writer?.slowestSince();
    const grown = diskUsage(contestant.repository) - before;
    const ended = isCutOff ? 'cut off' : exitCode === 0 ? 'ok' : `failed (${exitCode})`;
    this.runs.push({ ...known, ended, ...measured, grown, stallMs });
    if (isCutOff) this.beaten.add(name);
    const at = `day ${day} ${pattern}${memory === undefined ? '' : ` ${memory}`}${this.hasWriter ? ', writer' : ''}`;
    say(`${at}: ${name} ${ended} in ${formatSeconds(measured.wallS)}, stored ${formatBytes(grown)}`);
    if (ended.startsWith('failed')) say(output.trimEnd().split('\n').slice(-15).join('\n'));
  }

  /** What was stored day by day beside a full copy of the last day. What was measured before must not be lost by it. */
  async #compareRestores(chained) {
    try {
      const last = this.options.days * this.options.patterns.length + 1;
      const full = this.contestants.find(({ name }) => name === 'holdfast-full') ?? (await this.#prepare('holdfast-full'));
      const { exitCode, output } = await full.backup(dateOf(last));
      if (exitCode !== 0) throw new Error(`the full copy failed:\n${output}`);
      return await compareRestores({ full, chained, workload: this.workload });
    } catch (error) {
      say(`restores of chains are left out: ${error.message}`);
      return [];
    }
  }
}

/** The night after a day of this number, a good year ago. */
function dateOf(day) {
  return new Date(Date.now() + (day - 400) * DAY_MS).toISOString().slice(0, 19).replace('T', ' ');
}
