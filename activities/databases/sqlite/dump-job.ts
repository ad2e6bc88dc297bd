import type { SqliteSource } from '../../../config/types.ts';
import type { Programs } from '../../../process/programs.ts';
import type { Sample } from '../../changes/sketch.ts';
import type { PhaseContext } from '../../phase.ts';
import type { DatabaseFile } from './database-file.ts';
import type { DatabaseContent } from './read-content.ts';

/** What each way of dumping works on. */
export interface DumpJob {
  readonly programs: Programs;
  readonly source: SqliteSource;
  /** The source as it was found ahead of the dump. */
  readonly file: DatabaseFile;
  /** Where the dump is written; nothing is there yet. */
  readonly partial: string;
  readonly context: PhaseContext;
}

/** A dump in the partial file, synced to the disk, not verified yet. */
export interface RawDump {
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
  method: string;
  /** Of the source, as `PRAGMA journal_mode` has it: every rollback journal is `delete` to another connection. */
  journalMode: string;
  /** Set where the dump is no database that could be asked afterwards. */
  content?: DatabaseContent;
  /** Of its pages, where it is a copy of the file. */
  sample?: Sample;
}
