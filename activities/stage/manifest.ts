import { z } from 'zod';
import { SOURCE_KINDS, type SourceKind } from '../../contract/backup.ts';
import { sourceIdShape } from '../input/shapes.ts';

const NO_NAMES = ['', '.', '..'];

/** Below `files/`, `sqlite/` or `mysql/`, and never upwards: what is read from a repository may have been written by anybody. */
function isStagePath(path: string, kinds: readonly string[] = SOURCE_KINDS): boolean {
  const [kind = '', ...below] = path.split('/');
  return kinds.includes(kind) && !below.some((part) => NO_NAMES.includes(part)) && !path.includes('\0');
}

const stagePath = z.string().refine((path) => isStagePath(path), { error: 'is no path of a stage' });

function pathOf(kind: SourceKind): z.ZodString {
  return z.string().refine((path) => isStagePath(path, [kind]) && path !== kind, { error: `is no path below ${kind}/` });
}

/** Mode as four octal digits, `0640`. */
const mode = z.string().regex(/^[0-7]{4}$/);

/**
 * One file, directory or symbolic link of the stage. `path` is relative to the stage. A name that is not valid UTF-8 has
 * `path_base64` with its exact bytes, and a `path` in which the odd bytes are replaced by U+FFFD.
 */
const entry = z.object({
  path: stagePath,
  path_base64: z
    .string()
    .refine((text) => isStagePath(Buffer.from(text, 'base64').toString('latin1')), { error: 'is no path of a stage' })
    .optional(),
  type: z.enum(['file', 'directory', 'symlink']),
  mode,
  /** Seconds since 1970 with nine decimals, as text: a double cannot hold nanoseconds. */
  mtime: z.string().regex(/^-?\d+\.\d{9}$/),
  /** Files only. */
  bytes: z.number().int().nonnegative().optional(),
  sha256: z.string().optional(),
  /** Symbolic links only; base64 where it is not valid UTF-8. */
  target: z.string().optional(),
  target_base64: z.string().optional(),
});

/** Of a SQLite database, in bytes (sqlite.org/fileformat2.html, 1.3.2). */
export const pageSizeShape = z.union([512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536].map((size) => z.literal(size)));

const filesFacts = z.object({
  kind: z.literal('files'),
  base: z.string(),
  files: z.number().int(),
  bytes: z.number().int(),
});

export const sqliteFacts = z.object({
  kind: z.literal('sqlite'),
  /** Relative to the stage. */
  path: pathOf('sqlite'),
  /** Of the database, which a chain gives once it is replayed. */
  bytes: z.number().int(),
  /** Of the dump, where that is one file. */
  sha256: z.string().optional(),
  /**
   * `path` is a directory: a copy of the database and `deltas` files of changes to replay. `pages_sha256`: SHA-256 of the digests of the
   * pages (SHA-256, 32 bytes each) of the database that they give. Missing in manifests of the first days.
   */
  chain: z.object({ pages: z.number().int(), deltas: z.number().int(), pages_sha256: z.string().optional() }).optional(),
  method: z.string(),
  sqlite_version: z.string(),
  journal_mode: z.string(),
  page_size: pageSizeShape,
  user_version: z.number().int(),
  application_id: z.number().int(),
  /** Whose the live file was, and its mode: the dump itself is the worker's alone. Missing in manifests of the first days. */
  original: z.object({ uid: z.number().int(), gid: z.number().int(), mode }).optional(),
  /** Rows per table, in the very state that was dumped. */
  tables: z.record(z.string(), z.number().int()),
});

const mysqlFacts = z.object({
  kind: z.literal('mysql'),
  /** Relative to the stage. */
  path: pathOf('mysql'),
  /** `path` is a directory: a dump, and `deltas` patches to apply; `bytes` and `sha256` are those of the dump that they give. */
  chain: z.object({ deltas: z.number().int() }).optional(),
  bytes: z.number().int(),
  sha256: z.string(),
  method: z.string(),
  server_family: z.enum(['mysql', 'mariadb']),
  server_version: z.string(),
  database: z.string(),
  /** Rows per table, counted in the dump itself. */
  tables: z.record(z.string(), z.number().int()),
  views: z.array(z.string()),
  triggers: z.array(z.string()),
  routines: z.array(z.string()),
  events: z.array(z.string()),
});

/** The file `manifest.json` of a stage. Field names are a format: snapshots of years ago are compared with it. */
export const manifestSchema = z.object({
  version: z.literal(1),
  holdfast_version: z.string(),
  plan: z.string(),
  host: z.string(),
  workflow_id: z.string(),
  run_id: z.string(),
  /** Start of the run, ISO 8601 in UTC. */
  started_at: z.string(),
  /** By source id, `sqlite/tracker`. */
  sources: z
    .record(sourceIdShape, z.discriminatedUnion('kind', [filesFacts, sqliteFacts, mysqlFacts]))
    .refine((sources) => Object.entries(sources).every(([id, { kind }]) => id.startsWith(`${kind}/`)), {
      error: 'names a source of another kind than it is',
    }),
  /** Everything below `files/`, `sqlite/` and `mysql/`, sorted by path. */
  entries: z.array(entry),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestEntry = z.infer<typeof entry>;
export type FilesFacts = z.infer<typeof filesFacts>;
export type SqliteFacts = z.infer<typeof sqliteFacts>;
export type MysqlFacts = z.infer<typeof mysqlFacts>;
export type DatabaseFacts = SqliteFacts | MysqlFacts;
