import { constants } from 'node:fs';
import { chmod, chown, copyFile, lstat, open, realpath, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SqliteSource } from '../../config/types.ts';
import { type RunReference, sourceId } from '../../contract/backup.ts';
import type { Programs } from '../../process/programs.ts';
import { replayedPath } from '../databases/chain/replayed-path.ts';
import { connect, databaseUri, withConnection } from '../databases/sqlite/connection.ts';
import { loadText } from '../databases/sqlite/load-text.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { bytePath } from '../stage/byte-path.ts';
import { copyFileHashed } from '../stage/copy-file.ts';
import type { SqliteFacts } from '../stage/manifest.ts';
import { contentDigestOf } from './content-digest.ts';
import { inUse, requireUnused } from './open-holders.ts';
import { putBackSource } from './put-back-source.ts';
import { shortRunId } from './restore-place.ts';
import { restoredFile } from './restored-file.ts';
import { requireRoom } from './room.ts';
import { kindAt, makeParents, raw, type Swap } from './swap.ts';

export interface SqliteJob {
  source: SqliteSource;
  facts: SqliteFacts;
  tree: string;
  run: RunReference;
  programs: Programs;
}

/** Files that SQLite keeps beside a database; they belong to it and to no other (sqlite.org/fileformat2.html, 4; howtocorrupt 1.4). */
const COMPANIONS = ['-wal', '-shm', '-journal'];

/**
 * Puts a SQLite database back: a verified copy beside it takes its name in one step, and the old one stays as
 * `<name>.before-<short run id>`, with all that its write-ahead log held.
 *
 * @throws {PhaseError} SourceUnavailable, not retried, when anybody has it open; DumpRejected, DiskFull
 */
export async function putBackSqlite(job: SqliteJob, context: PhaseContext): Promise<string[]> {
  const id = sourceId(job.source);
  const path = await databasePath(job.source);
  if (process.geteuid?.() !== 0) {
    context.warn(`${id}: the worker is not root, so it could not see whether a process of another user has ${path} open.`);
  }
  return putBackSource({
    tree: job.tree,
    run: job.run,
    source: id,
    plan: async () => {
      await requireUnused(id, path);
      await makeParents(bytePath(path));
      await requireRoom(dirname(path), job.facts.bytes, id);
      const kind = await kindAt(bytePath(path));
      if (kind === 'directory')
        throw new PhaseError('ConfigInvalid', `${id}: ${path} is a directory. Correct its \`path\` in holdfast.yaml.`);
      return [{ place: bytePath(path), hadOld: kind !== 'none', isDirectory: false }];
    },
    prepare: (swap, draft) => prepare(job, swap, toPath(draft), context),
    beforeSwap: async () => {
      await requireUnused(id, path);
      await settleOld(job, path, context);
      await requireUnused(id, path);
    },
  });
}

/** Where the database really lies: a link to it stays a link. */
export async function databasePath(source: SqliteSource): Promise<string> {
  return realpath(source.path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return source.path;
    throw error;
  });
}

function toPath(latin1: string): string {
  return raw(latin1).toString('utf8');
}

async function prepare(job: SqliteJob, swap: Swap, draft: string, context: PhaseContext): Promise<void> {
  const { facts, source, tree } = job;
  const dump = await restoredFile(tree, facts.chain === undefined ? facts.path : replayedPath(facts));
  context.report({ phase: 'copy', currentItem: sourceId(source) });
  if (facts.path.endsWith('.sql')) {
    await loadDump(job, { dump, draft }, context);
  } else {
    const digest = contentDigestOf(facts);
    const { sha256 } = await copyFileHashed(dump, draft, {
      signal: context.signal,
      hash: digest.hash(),
      onProgress: (bytesDone) => context.report({ phase: 'copy', bytesDone, bytesTotal: facts.bytes }),
    });
    if (sha256 !== digest.expected) {
      throw new PhaseError(
        'DumpRejected',
        `${sourceId(source)}: the copy beside ${source.path} is not what was backed up. Check the disk; nothing was replaced.`,
      );
    }
  }
  if (swap.hadOld) {
    await takeOver(await lstat(raw(swap.place)), draft);
  } else if (!(await takeRemembered(facts, draft))) {
    context.warn(
      `${sourceId(source)}: its owner and mode could not be set, so it belongs to the worker alone: chown it to the user of its service.`,
    );
  }
  await syncFile(draft);
}

interface Model {
  uid: number;
  gid: number;
  mode: number;
}

/** Gives the draft owner and mode. @throws the system error where the worker may not: only root gives files away */
async function takeOver(model: Model, draft: string): Promise<void> {
  const own = await lstat(draft);
  if (own.uid !== model.uid || own.gid !== model.gid) await chown(draft, model.uid, model.gid);
  // Last: giving a file away takes special bits off it.
  await chmod(draft, model.mode & 0o7777);
}

/** Owner and mode as the manifest remembers them. False where it does not (the first ones), or the worker may not give it away. */
async function takeRemembered({ original }: SqliteFacts, draft: string): Promise<boolean> {
  if (original === undefined) return false;
  return takeOver({ ...original, mode: Number.parseInt(original.mode, 8) }, draft).then(
    () => true,
    () => false,
  );
}

async function syncFile(draft: string): Promise<void> {
  const file = await open(draft, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function loadDump(job: SqliteJob, { dump, draft }: { dump: string; draft: string }, context: PhaseContext): Promise<void> {
  const said = await loadText(job.programs, { file: dump, database: draft }, context.signal);
  if (said === undefined) return;
  throw new PhaseError('DumpRejected', `${sourceId(job.source)}: sqlite3 could not load ${dump}: ${said}. Nothing was replaced.`);
}

/**
 * Brings what the old database's log or journal holds into the old file, so that it is whole by itself: what is not checkpointed
 * would be lost for the old one, and would be taken for the new one's. sqlite3 asks for the lock that no other connection of a WAL
 * database leaves free, which also finds processes that cannot be seen from here.
 */
async function settleOld(job: SqliteJob, path: string, context: PhaseContext): Promise<void> {
  const id = sourceId(job.source);
  await copyCompanions(path, keptPath(job, path));
  const isThere = (await kindAt(bytePath(path))) !== 'none';
  const trouble = isThere ? await checkpoint(job.programs, path, context) : undefined;
  context.signal.throwIfAborted();
  if (trouble !== undefined && /locked|busy/i.test(trouble.message)) throw inUse(id, path, 'is locked by another process');
  if (trouble !== undefined) {
    // sqlite3 removes the log of what it takes for no database; its copy is kept beside the broken one.
    context.warn(`${id}: the database that was there could not be read any more (${trouble.message}). It is kept as it was.`);
  } else {
    for (const suffix of COMPANIONS) await rm(keptPath(job, path) + suffix, { force: true });
  }
  for (const suffix of COMPANIONS) await rm(path + suffix, { force: true });
}

/** What went wrong; undefined when the file now holds everything. */
async function checkpoint(programs: Programs, path: string, context: PhaseContext): Promise<Error | undefined> {
  const open = () => connect(programs, databaseUri(path, 'rw'), context.signal);
  return withConnection(open, async (connection) => {
    await connection.query('PRAGMA locking_mode=EXCLUSIVE;');
    await connection.query('BEGIN EXCLUSIVE; SELECT count(*) FROM sqlite_schema; COMMIT;');
    await connection.query('PRAGMA wal_checkpoint(TRUNCATE);');
    return undefined;
  }).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
}

function keptPath({ run }: SqliteJob, path: string): string {
  return `${path}.before-${shortRunId(run)}`;
}

async function copyCompanions(from: string, to: string): Promise<void> {
  for (const suffix of COMPANIONS) {
    if ((await kindAt(bytePath(from + suffix))) === 'other')
      await copyFile(from + suffix, to + suffix, constants.COPYFILE_FICLONE);
  }
}
