import { createBorgmatic } from './borgmatic.mjs';
import { createFull, createIncremental } from './holdfast.mjs';
import { createLimit, createRead } from './limit.mjs';
import { createArchive, createCareful, createLoop, createRaw } from './scripts.mjs';

/** Who takes part, in the order of the tables. */
export const CONTESTANTS = {
  loop: createLoop,
  'tar.gz': createArchive,
  borgmatic: createBorgmatic,
  'restic-raw': createRaw,
  restic: createCareful,
  'holdfast-full': createFull,
  'holdfast-incremental': createIncremental,
  read: createRead,
  limit: createLimit,
};

/** Who backs up nothing, but shows what there is to gain. */
export const YARDSTICKS = ['read', 'limit'];
