import { open, realpath, stat } from 'node:fs/promises';
import type { SqliteSource } from '../../../config/types.ts';
import { sourceId } from '../../../contract/backup.ts';
import { PhaseError } from '../../phase-error.ts';
import { formatMode } from '../../stage/manifest-entry.ts';

/** What the file system and the database's header say, without asking sqlite3. */
export interface DatabaseFile {
  bytes: number;
  /** Size of the write-ahead log beside it; 0 without one. */
  walBytes: number;
  /** From the header: write-ahead log, or else a rollback journal. */
  isWal: boolean;
  /** Device and inode: another value means that another file took the name. */
  identity: string;
  /** As in the manifest. */
  original: { uid: number; gid: number; mode: string };
  /** When database or log were last written to. */
  modifiedAt: Date;
}

const MAGIC = 'SQLite format 3\0';
/** Offset of the file format's read version: 1 for a rollback journal, 2 for WAL (sqlite.org/fileformat2.html, 1.3). */
const READ_VERSION_OFFSET = 19;
const HEADER_BYTES = 100;

/**
 * Looks at a database file. Opening and closing it here is harmless: closing a descriptor drops the POSIX locks of this very
 * process (sqlite.org/howtocorrupt.html, 2.2), and it never holds one; only sqlite3 children do.
 *
 * @throws {PhaseError} SourceMissing when it is absent, unreadable, empty or no SQLite database.
 */
export async function inspectDatabaseFile(source: SqliteSource): Promise<DatabaseFile> {
  const header = Buffer.alloc(HEADER_BYTES);
  const file = await open(source.path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw cannotOpen(source, error);
  });
  try {
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile()) throw missing(source, 'is a directory or a special file, not a database file. Name the file itself in');
    if (stats.size === 0n)
      throw missing(source, 'is empty (0 bytes). Start the service once so that it makes its tables, or correct');
    await file.read(header, 0, HEADER_BYTES, 0);
    if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
      throw missing(source, 'is not an SQLite database, or it is encrypted (SQLCipher, SEE), which sqlite3 cannot read. Correct');
    }
    const wal = await stat(`${await realpath(source.path)}-wal`).catch(() => undefined);
    return {
      bytes: Number(stats.size),
      walBytes: wal?.size ?? 0,
      isWal: header[READ_VERSION_OFFSET] === 2,
      identity: `${stats.dev}:${stats.ino}`,
      original: { uid: Number(stats.uid), gid: Number(stats.gid), mode: formatMode(stats.mode) },
      modifiedAt: new Date(Math.max(Number(stats.mtimeMs), wal?.mtimeMs ?? 0)),
    };
  } finally {
    await file.close();
  }
}

function cannotOpen(source: SqliteSource, error: NodeJS.ErrnoException): unknown {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return missing(source, "does not exist. Mount it on the worker's machine, or correct");
    case 'EACCES':
    case 'EPERM':
      return missing(
        source,
        `may not be read by the worker (${error.code}). Check owner and mode of it and its directories, or correct`,
      );
    default:
      return error;
  }
}

function missing(source: SqliteSource, what: string): PhaseError {
  return new PhaseError('SourceMissing', `${sourceId(source)}: ${source.path} ${what} its \`path\` in holdfast.yaml.`);
}
