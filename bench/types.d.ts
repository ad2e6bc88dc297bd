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
  /** One backup; `date` is the day that it pretends to be, `2026-01-31 03:00:00`. */
  backup(date: string): Promise<Measured>;
  /** Restores the newest backup below restored/; SQLite must end as a database that opens. */
  restore(): Promise<{ wallS: number; database: string | undefined }>;
}

/** One backup of one contestant. */
export interface Run {
  contestant: string;
  /** 0 is the first backup. */
  day: number;
  pattern: string;
  /** ok, cut off, or failed with the exit code. */
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
