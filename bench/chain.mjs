import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { median } from './report/arithmetic.mjs';
import { removeRestored } from './restores.mjs';
import { say } from './say.mjs';
import { formatSeconds } from './size.mjs';

const TIMES = 3;

/**
 * Restores each database from a chain of deltas and from a full copy of the same state, by turns, and compares what comes out.
 *
 * @param {{ full: import('./types.d.ts').Contestant, chained: import('./types.d.ts').Contestant,
 *   workload: import('./workload/subject.mjs').Workload }} two
 * @returns {Promise<import('./types.d.ts').Chain[]>} one for each database
 */
export async function compareRestores({ full, chained, workload }) {
  const sources = [['sqlite/main', 'main.db'], ...(workload.mariadb === undefined ? [] : [['mysql/main', 'main.sql']])];
  const chains = [];
  for (const [source, file] of sources) {
    const seen = { full: [], chained: [] };
    for (let time = 0; time < TIMES; time += 1) {
      seen.full.push(await restoreOne(full, source, file));
      seen.chained.push(await restoreOne(chained, source, file));
    }
    const digests = new Set([...seen.full, ...seen.chained].map(({ sha256 }) => sha256));
    if (source === 'sqlite/main') digests.add(await digestOf(workload.sqlite));
    const seconds = (runs) => median(runs.map(({ wallS }) => wallS));
    const chain = {
      source,
      deltas: await chained.countDeltas(source),
      fullS: seconds(seen.full),
      chainedS: seconds(seen.chained),
      isSame: digests.size === 1,
    };
    say(`restore of ${source}: full ${formatSeconds(chain.fullS)}, ${chain.deltas} deltas ${formatSeconds(chain.chainedS)}`);
    chains.push(chain);
  }
  return chains;
}

async function restoreOne(contestant, source, file) {
  const { wallS, path } = await contestant.restoreSource(source, file);
  if (path === undefined) throw new Error(`${contestant.name} restored no ${file} of ${source}`);
  const sha256 = await digestOf(path);
  await removeRestored(contestant);
  return { wallS, sha256 };
}

async function digestOf(path) {
  const digest = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), digest);
  return digest.digest('hex');
}
