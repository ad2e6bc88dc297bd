import type { SqliteSource } from '../../../config/types.ts';
import { sourceId } from '../../../contract/backup.ts';
import type { FailureType } from '../../../contract/failures.ts';
import { PhaseError } from '../../phase-error.ts';
import { ConnectionLost } from './connection.ts';

interface Explanation {
  pattern: RegExp;
  type: FailureType;
  advice: string;
}

/** What sqlite3 prints (sqlite.org/rescode.html, the texts of sqlite3ErrStr), and what to do about it. First match counts. */
const EXPLANATIONS: Explanation[] = [
  {
    pattern: /database (table )?is locked/,
    type: 'SourceUnavailable',
    advice:
      'Another process keeps it locked (a long write transaction, or `PRAGMA locking_mode=EXCLUSIVE`). The backup is tried again; ' +
      'if it stays so, end that transaction or run the backup at another time.',
  },
  {
    pattern: /disk is full/,
    type: 'DiskFull',
    advice: 'Free some space: the run goes on by itself.',
  },
  {
    pattern: /file is not a database|unsupported file format/,
    type: 'SourceMissing',
    advice: 'It is no SQLite database, or it is encrypted: sqlite3 cannot read it. Correct `path` in holdfast.yaml.',
  },
  {
    pattern: /unable to open database|readonly database/,
    type: 'SourceMissing',
    advice:
      'The worker may not open the file, or not make `-wal` and `-shm` beside it: a WAL database whose service is stopped needs a ' +
      'directory that the worker can write to. Mount it read-write, check owner and mode, or leave the service running.',
  },
  {
    pattern: /malformed/,
    type: 'DumpRejected',
    advice:
      'The database is damaged. Look with `PRAGMA integrity_check`, rescue what is left with `.recover`, or restore the last good snapshot.',
  },
  {
    pattern: /disk I\/O error/,
    type: 'SourceUnavailable',
    advice: 'Look into the kernel log for the disk or the mount. The backup is tried again.',
  },
];

/** What a lost connection means for the source. `doing` continues "sqlite/tracker: ". Errors of another kind are returned as they are. */
export function explain(source: SqliteSource, doing: string, error: unknown): unknown {
  if (!(error instanceof ConnectionLost)) return error;
  const said = error.message.replace(/\s*\n\s*/g, ' ');
  const known = EXPLANATIONS.find(({ pattern }) => pattern.test(said));
  const what = `${sourceId(source)}: ${doing} ${source.path} failed: ${said}.`;
  if (known !== undefined) return new PhaseError(known.type, `${what} ${known.advice}`, { cause: error });
  return new PhaseError('DumpRejected', `${what} Try \`sqlite3 ${source.path} 'PRAGMA quick_check'\`.`, { cause: error });
}
