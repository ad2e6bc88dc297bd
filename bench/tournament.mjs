import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkRoom } from './room.mjs';
import { Round } from './round.mjs';
import { roundsOf } from './rounds.mjs';
import { say } from './say.mjs';
import { formatBytes } from './size.mjs';

/** The same kinds of days for all contestants, in rounds that follow one another, each with new repositories on the same databases. */
export class Tournament {
  constructor({ workload, directory, options, path }) {
    this.workload = workload;
    this.directory = directory;
    this.options = options;
    this.path = path;
  }

  async run() {
    const { workload, options } = this;
    await checkRoom(this.directory, workload);
    const mysql = options.mysqlSize > 0 ? ` and a MariaDB one of ${formatBytes(options.mysqlSize)}` : '';
    say(`makes a SQLite database of ${formatBytes(options.size)}${mysql}`);
    await workload.create();
    const sizes = await workload.sizes();
    const outcomes = [];
    for (const round of roundsOf(options)) outcomes.push(await this.#play(round));
    return { sizes, hasMysql: workload.mariadb !== undefined, ...merge(outcomes) };
  }

  async #play({ names, hasWriter, isFirst }) {
    const { workload, options, path } = this;
    const directory = join(this.directory, 'round');
    try {
      return await new Round({ workload, directory, options, path, names, hasWriter, isFirst }).run();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

/** One outcome of those of all rounds. */
function merge(outcomes) {
  const all = (name) => outcomes.flatMap((outcome) => outcome[name]);
  const skipped = all('skipped').filter(({ name }, index, list) => list.findIndex((one) => one.name === name) === index);
  const idle = outcomes.map(({ idleStallMs }) => idleStallMs).filter((stall) => stall !== undefined);
  return {
    titles: Object.assign({}, ...outcomes.map(({ titles }) => titles)),
    runs: all('runs'),
    restores: all('restores'),
    chains: all('chains'),
    skipped,
    idleStallMs: idle.length === 0 ? undefined : Math.max(...idle),
  };
}
