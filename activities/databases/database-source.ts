import type { Source } from '../../config/types.ts';
import type { Finding } from '../../contract/inspect.ts';
import type { Check } from '../../contract/verify.ts';
import type { Sample } from '../changes/sketch.ts';
import type { PhaseContext } from '../phase.ts';
import type { DatabaseFacts, ManifestEntry } from '../stage/manifest.ts';
import type { RestoredDatabase } from './restored-database.ts';

/** What a dump left in the stage. */
export interface Dump {
  /** Of the database itself, where it is laid out in parts. */
  bytes: number;
  /** How it was made, for the operator: `pin and copy`, `mariadb-dump 10.11.6`. */
  method: string;
  /** Goes into the manifest as it is. */
  facts: DatabaseFacts;
  /** Files of a dump that is a directory; without them the facts tell all of the one file. */
  entries?: ManifestEntry[];
  /** Of a database that was laid out in full: for comparing it with the next. */
  sample?: Sample;
}

/**
 * One kind of database. A new one is a folder that implements this, a branch in the schema, a line in the registry, and a call
 * of the shared contract suite (test/support/database-contract.ts).
 */
export interface DatabaseSource<Kind extends Source & { kind: 'sqlite' | 'mysql' }> {
  /** Path of the dump below the stage, for example `sqlite/tracker.db`. */
  stagePath(source: Kind): string;
  /**
   * Writes a consistent dump of the live database to `target`: first to `<target>.partial` (mode 0600), which is verified and
   * then renamed. An older `.partial` or `target` is replaced. On failure or cancel nothing is left.
   *
   * @throws {PhaseError} SourceMissing, SourceUnavailable, AuthRejected, DumpRejected, ConfigInvalid, DiskFull
   */
  dump(source: Kind, target: string, context: PhaseContext): Promise<Dump>;
  /** Looks whether a dump would work now: path or log-in, tools, what is worth a warning. Never throws for what it finds. */
  examine(source: Kind, context: PhaseContext): Promise<Finding[]>;
  /** Size that a dump will have at most, roughly, in bytes: for the disk space check ahead of a run. */
  estimateBytes(source: Kind, context: PhaseContext): Promise<number>;
  /**
   * Looks whether a restored dump is whole and holds what the manifest says, and asks it the operator's questions. A difference is
   * a check and never thrown.
   *
   * @throws {PhaseError} for what may be otherwise at the next attempt: DiskFull, SourceUnavailable
   */
  verifyRestored(
    restored: RestoredDatabase<Extract<DatabaseFacts, { kind: Kind['kind'] }>>,
    context: PhaseContext,
  ): Promise<Check[]>;
  /** Markdown for RESTORE.md: how to get this database back from the stage with the vendor's own tools. */
  restoreInstructions(source: Kind): string;
}
