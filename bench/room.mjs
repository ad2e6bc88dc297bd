import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { roundsOf } from './rounds.mjs';
import { formatBytes } from './size.mjs';

/** Of random hashes and small numbers, restic and borg store about so much of each byte (measured: 0.78). */
const COMPRESSED = 0.8;

/** What each needs for one byte of the databases: beside its repository at the peak, and in it for each day that changes something. */
const NEEDS = {
  loop: { beside: 1, aDay: COMPRESSED },
  'tar.gz': { beside: 2, aDay: 2 * COMPRESSED },
  borgmatic: { beside: 0.1, aDay: COMPRESSED },
  'restic-raw': { beside: 0.1, aDay: COMPRESSED },
  restic: { beside: 1, aDay: COMPRESSED },
  'holdfast-full': { beside: 1, aDay: COMPRESSED },
  'holdfast-incremental': { beside: 1.2, aDay: 0.1 },
  read: { beside: 0, aDay: 0 },
  limit: { beside: 2, aDay: 0 },
};

/**
 * Bytes of disk that everything takes at most: the databases, the repositories of the largest round, and one restore in it.
 *
 * @param {object} options as parseOptions returns them
 */
export function roomFor(options) {
  const { size, mysqlSize, days, patterns, skipRestore, restoreChain } = options;
  const changing = days * patterns.filter((pattern) => pattern !== 'unchanged').length;
  const perByte = (name) => {
    const { beside, aDay } = NEEDS[name];
    return aDay === 0 ? beside : beside + COMPRESSED + aDay * changing;
  };
  const rounds = roundsOf(options).map(({ names }) => names.reduce((sum, name) => sum + perByte(name), 0));
  const full = restoreChain ? NEEDS['holdfast-full'].beside + COMPRESSED : 0;
  const restore = skipRestore && !restoreChain ? 0 : 1;
  return Math.round((size + mysqlSize) * (1 + Math.max(...rounds) + full + restore));
}

/** @param {string} directory @param {import('./workload/subject.mjs').Workload} workload @throws when it does not fit into the directory's file system */
export async function checkRoom(directory, { options, sqlite }) {
  const { bavail, bsize } = await statfs(directory);
  const needed = roomFor(options) - (existsSync(sqlite) ? options.size : 0);
  if (needed > bavail * bsize)
    throw new Error(
      `${directory} has ${formatBytes(bavail * bsize)} free, and this may take up to ${formatBytes(needed)}: ask for fewer --days or --pattern, name fewer in --only (and the others in --next), or another --directory`,
    );
}
