import { createBorgmatic } from './borgmatic.mjs';
import { createFull, createIncremental } from './holdfast.mjs';
import { createLimit } from './limit.mjs';
import { createArchive, createCareful, createLoop } from './scripts.mjs';

/** Who takes part, in the order of the tables. */
export const CONTESTANTS = {
  loop: createLoop,
  'tar.gz': createArchive,
  borgmatic: createBorgmatic,
  restic: createCareful,
  'holdfast-full': createFull,
  'holdfast-incremental': createIncremental,
  limit: createLimit,
};
