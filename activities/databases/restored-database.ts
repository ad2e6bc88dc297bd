import type { Verification } from '../../config/types.ts';
import type { SourceReference } from '../../contract/backup.ts';
import type { DatabaseFacts } from '../stage/manifest.ts';

/** A dump that came back from a snapshot or an archive, to be looked at. */
export interface RestoredDatabase<Facts extends DatabaseFacts = DatabaseFacts> {
  /** The source as the manifest names it; the plan may no longer have it. */
  readonly source: SourceReference;
  /** Absolute path of the restored dump, a file or a directory. It is a scratch copy: it may be changed, and so may what is beside it. */
  readonly file: string;
  /** What the manifest says of it. */
  readonly facts: Facts;
  /** An empty directory for this one call; whoever made it removes it. */
  readonly scratchDirectory: string;
  /** The operator's questions and scratch servers; undefined when the plan has none. */
  readonly verification: Verification | undefined;
  /** Of the drill: names that must be its own are made of it. */
  readonly runId: string;
}
