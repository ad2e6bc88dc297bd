/**
 * The domain shape of `holdfast.yaml`: camelCase, units in the names, every default applied, every path absolute.
 *
 * The file's own shape (snake_case) lives in schema.ts; resolve.ts is the one step between the two.
 */

/** Where a secret is to be had. It is read inside the activity that needs it and never kept. */
export type SecretReference =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  /** argv of a program, without a shell; its standard output, less one trailing newline, is the secret. */
  | { readonly kind: 'command'; readonly argv: readonly string[] };

/** When something runs. All of it is always set on the Temporal schedule. */
export interface Schedule {
  /** Five fields, or `@daily` and the like. */
  readonly cron: string;
  /** IANA name, resolved by the Temporal server. */
  readonly timezone: string;
  /** Each start is put off by a random time below this. */
  readonly jitterMs: number;
  /** After an outage one missed run is caught up if it was due less long ago than this. At least 10 s. */
  readonly catchUpWithinMs: number;
  /** What becomes of a start while the run before is in progress: left out, or one of them made right after it. */
  readonly overlap: 'skip' | 'buffer_one';
}

/** Bytes a second. */
export type Rate = number | 'unlimited';

/** How fast a repository's data may be sent or fetched, by time of day. */
export interface TransferLimit {
  /** Outside of the windows; all day where there are none. */
  readonly default: Rate;
  /** IANA name that the windows are read in. */
  readonly timezone: string;
  /** No two of them meet. In minutes since midnight; a window whose end is before its start ends the next day. */
  readonly windows: readonly { readonly fromMinute: number; readonly toMinute: number; readonly rate: Rate }[];
}

/** How the programs of phases rank beside others on the machine. */
export interface Priority {
  /** 0 to 19, added to the worker's own. */
  readonly nice: number;
  /** undefined: as the worker's. */
  readonly io: 'idle' | { readonly bestEffort: number } | undefined;
}

export interface Repository {
  readonly name: string;
  /** Whatever restic's `-r` takes. */
  readonly location: string;
  readonly password: SecretReference;
  /** Environment for restic alone: plain values and secrets. */
  readonly environment: Readonly<Record<string, string | SecretReference>>;
  /** `-o key=value` pairs for restic. */
  readonly options: readonly string[];
  /** undefined: as fast as it goes. */
  readonly uploadLimit: TransferLimit | undefined;
  readonly downloadLimit: TransferLimit | undefined;
  /** undefined: checks run only when asked for. */
  readonly check:
    | {
        readonly schedule: Schedule;
        /** From the start until it is ended, or not tried again. Default 6 h. */
        readonly deadlineMs: number;
        readonly readDataSubset: { readonly total: number } | undefined;
      }
    | undefined;
  readonly prune: { readonly schedule: Schedule; readonly deadlineMs: number } | undefined;
}

export interface FilesSource {
  readonly kind: 'files';
  readonly name: string;
  /** Absolute directory that `paths` are relative to and that the stage's layout starts from. */
  readonly base: string;
  /** Relative paths or globs; each must match something. */
  readonly paths: readonly string[];
  /** As `paths`, but may match nothing. */
  readonly optionalPaths: readonly string[];
  /** Globs; one without a slash is compared with the base name at any depth. */
  readonly exclude: readonly string[];
  readonly maxShrinkRatio: number;
}

/** `auto`: pin and copy, else VACUUM INTO. `incremental`: pin, and keep what differs from the run before. */
export type SqliteMethod = 'auto' | 'incremental' | 'vacuum_into' | 'sql';

/** Where `method: incremental` keeps what it builds on, and when it begins anew. */
export interface ChainSettings {
  /** `<state_directory>/plans/<plan>/chains/<kind>.<source>`: a copy of the database and what has changed since. */
  readonly directory: string;
  /** `<staging_directory>/<plan>.chains/<kind>.<source>`: second names of those files, which a run moves into its stage. */
  readonly viewDirectory: string;
  /** Deltas may take so much of the base's size together; beyond it a new base is made. */
  readonly rebaseRatio: number;
}

export interface SqliteSource {
  readonly kind: 'sqlite';
  readonly name: string;
  readonly path: string;
  readonly method: SqliteMethod;
  /** A rollback-journal database holds up its writers while it is copied; true accepts that also above 4 s. */
  readonly allowWriterStall: boolean;
  /** Present with `method: incremental`. */
  readonly chain?: ChainSettings;
  readonly maxShrinkRatio: number;
}

export type MysqlTls = 'disabled' | 'preferred' | 'required' | 'verify';

export interface MysqlSource {
  readonly kind: 'mysql';
  readonly name: string;
  /** Either a host and a port, or a Unix socket. */
  readonly address:
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
    | { readonly kind: 'socket'; readonly path: string };
  readonly user: string;
  /** undefined: log in without a password (socket authentication). */
  readonly password: SecretReference | undefined;
  readonly database: string;
  readonly tls: MysqlTls;
  /** PEM file for `tls: verify`. */
  readonly tlsCa: string | undefined;
  /** Tables whose structure alone is dumped. */
  readonly structureOnly: readonly string[];
  /** Present with `method: incremental`; a whole dump each time otherwise. */
  readonly chain?: ChainSettings;
  readonly maxShrinkRatio: number;
}

export type Source = FilesSource | SqliteSource | MysqlSource;

export type ArchiveFormat = 'tar.zst' | 'tar.gz';

export interface Archive {
  readonly directory: string;
  readonly format: ArchiveFormat;
  readonly keepDays: number;
  /** So many newest archives stay however old they are. At least 1. */
  readonly keepAtLeast: number;
}

/** restic's own policy (`restic forget --help`); undefined fields are not passed. At least one is set. */
export interface Retention {
  readonly keepLast?: number;
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  /** restic duration such as `1y6m`. */
  readonly keepWithin?: string;
}

/** A question to the restored copy, asked by the drill. */
export interface VerificationQuery {
  readonly source: { readonly kind: 'sqlite' | 'mysql'; readonly name: string };
  readonly sql: string;
  readonly equals?: string | number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly notEmpty?: boolean;
}

/** A server that the drill may load MySQL dumps into, in a database of its own that it drops again. */
export type ScratchMysql = Pick<MysqlSource, 'address' | 'user' | 'password' | 'tls' | 'tlsCa'>;

export interface Verification {
  readonly schedule: Schedule;
  /** undefined: the drill starts a server of its own. */
  readonly scratchMysql: ScratchMysql | undefined;
  /** Paths in the stage, for example `sqlite/tracker.db`. */
  readonly requiredFiles: readonly string[];
  readonly queries: readonly VerificationQuery[];
}

/**
 * What is done around the dumps of a plan. Commands are argv lists, run one after the other, without a shell. At least one of the
 * two lists is not empty.
 */
export interface Hooks {
  readonly beforeDump: readonly (readonly string[])[];
  /** Undoes `beforeDump`. */
  readonly afterDump: readonly (readonly string[])[];
  /** Says whether the service runs; undefined: it is taken to run. */
  readonly state: readonly string[] | undefined;
  /** Longest time of each command. Default 2 min. */
  readonly timeoutMs: number;
  /**
   * From `beforeDump` until the dumps must be over and `afterDump` is run at the latest. Default 30 min; with one hook alone
   * nothing is stopped, and it is the plan's deadline.
   */
  readonly maxStoppedMs: number;
}

export interface Plan {
  readonly name: string;
  readonly repository: Repository;
  /** undefined: runs only when asked for. */
  readonly schedule: Schedule | undefined;
  readonly tags: readonly string[];
  /** In the order of the file: files, then sqlite, then mysql. Never empty. */
  readonly sources: readonly Source[];
  readonly archive: Archive | undefined;
  /** undefined: nothing is ever forgotten. */
  readonly retention: Retention | undefined;
  readonly verification: Verification | undefined;
  /** undefined: nothing is stopped for a backup. */
  readonly hooks: Hooks | undefined;
  /** From the start of a run until nothing of it is retried any more. Default 6 h. */
  readonly deadlineMs: number;
  /** So old a last success makes the plan overdue; undefined: 1.5 intervals of its schedule. */
  readonly maxAgeMs: number | undefined;
  /** `<staging_directory>/<plan>` */
  readonly stageDirectory: string;
  /** `<state_directory>/plans/<plan>`: claims, the open run's working files, the last good run. */
  readonly stateDirectory: string;
}

/** Somebody who is told how runs end. */
export interface Notification {
  readonly on: readonly ('succeeded' | 'partial' | 'failed' | 'cancelled')[];
  /** Body of an HTTP request; a program always gets JSON. */
  readonly format: 'json' | 'text';
  readonly target: { readonly url: SecretReference } | { readonly command: readonly string[] };
}

export interface Configuration {
  /** Absolute path of the file it was read from. */
  readonly file: string;
  readonly host: string;
  readonly stagingDirectory: string;
  readonly stateDirectory: string;
  readonly restoreDirectory: string;
  /** So many backup runs are at work at a time; more wait for their turn. At least 1. */
  readonly maxParallelRuns: number;
  /** So many databases are dumped at a time. */
  readonly maxParallelDumps: number;
  /** A child that reads, writes and computes nothing for so long is ended. At least 10 s, default 15 min. */
  readonly noProgressTimeoutMs: number;
  /** Of the programs that phases run; undefined: as the worker's. */
  readonly priority: Priority | undefined;
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly notifications: readonly Notification[];
}
