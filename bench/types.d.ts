/** What everybody backs up: one SQLite database, two small files, and a database in a MariaDB server where there is one. */
export interface Subject {
  /** Holds tracker/sqlite3.db, tracker/etc/tracker.toml and config/.env. */
  directory: string;
  sqlite: string;
  mysql: { port: number; user: string; password: string; database: string } | undefined;
  /** PATH for everybody. */
  path: string;
}

/** What one command took: see measure(). */
export interface Measured {
  wallS: number;
  cpuS: number;
  peakRss: number;
  diskPeak: number;
  diskLeft: number;
  exitCode: number;
  isCutOff: boolean;
  output: string;
}

/** One way to back up. */
export interface Contestant {
  name: string;
  /** What it is, in a few words, for the table. */
  title: string;
  /** Directory whose growth is what is stored. */
  repository: string;
  prepare(): Promise<void>;
  /** What does not count; `changed` is known where the limit takes part. */
  makeReady?(changed: Changed): Promise<void>;
  /** One backup; `date` is the day that it pretends to be, `2026-01-31 03:00:00`. */
  backup(date: string): Promise<Measured>;
  /** Restores the newest backup below restored/; SQLite must end as a database that opens. Undefined for who keeps nothing. */
  restore: (() => Promise<{ wallS: number; database: string | undefined }>) | undefined;
}

/** What a day changed, in bytes. */
export interface Changed {
  /** All changed pages of all databases. */
  bytes: number;
  /** The changed pages of the SQLite database, by zstd -3; undefined for the first backup. */
  sqlite?: number;
  /** The changed and new rows of MariaDB in the text of a dump, by zstd -3; undefined for the first backup. */
  mysql?: number;
}

/** One database restored from a chain of deltas, and from a full copy. */
export interface Chain {
  /** sqlite/main or mysql/main. */
  source: string;
  /** Undefined where Holdfast does not tell. */
  deltas: number | undefined;
  fullS: number;
  chainedS: number;
  /** Whether all of them are the same, byte by byte, and SQLite's what is in use. */
  isSame: boolean;
}

/** One backup of one contestant. */
export interface Run {
  contestant: string;
  /** 0 is the first backup. */
  day: number;
  pattern: string;
  hasWriter: boolean;
  /** What memory held of the SQLite database before; undefined: as it came. */
  memory?: 'cold' | 'warm';
  changed: Changed | undefined;
  /** ok, cut off, not asked again (after that), or failed with the exit code. What was not asked has none of what follows. */
  ended: string;
  wallS: number;
  cpuS: number;
  peakRss: number;
  diskPeak: number;
  diskLeft: number;
  /** Bytes by which the repository grew. */
  grown: number;
  /** Slowest commit of the writer meanwhile, if there was one. */
  stallMs: number | undefined;
}
