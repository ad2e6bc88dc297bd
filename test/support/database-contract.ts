/**
 * What every DatabaseSource must do, as one suite that each kind of database calls with a live subject of its own.
 *
 * What must never be here: knowledge of one kind of database.
 */

import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DatabaseSource, Dump } from '../../activities/databases/database-source.ts';
import type { MysqlSource, SqliteSource } from '../../config/types.ts';
import { sourceId } from '../../contract/backup.ts';
import type { FailureType } from '../../contract/failures.ts';
import { sha256Of } from './chain-place.ts';
import { childProcesses } from './child-processes.ts';
import { createTestContext } from './phase-context.ts';

type DatabaseConfiguration = SqliteSource | MysqlSource;

/** A live database, made for the suite and used by all of its tests in turn. */
export interface ContractSubject<Kind> {
  source: Kind;
  /** As `source`, but what it names (the file, the database) is not there. */
  missing: Kind;
  /** Rows per table as they are now, asked of the live database without the code under test. */
  countRows(): Promise<Record<string, number>>;
  /** Starts a process that commits as fast as it may, keeping some invariant over at least two tables in each commit. */
  startWriter(): Promise<ContractWriter>;
  /**
   * Restores a dump into a scratch place below `directory` with the vendor's own tools, and counts its rows.
   *
   * @throws when it does not restore, does not pass the vendor's check, or breaks the writer's invariant.
   */
  restore(dump: string, directory: string): Promise<Record<string, number>>;
  /** Where a dump is a directory: makes the one file that its facts describe below `directory`, with the tools of the vendor. */
  assemble?(dump: string, directory: string): Promise<string>;
  /** What the facts know that file by, where it is not its SHA-256. */
  digest?(path: string): Promise<object>;
  /** Ends what `create` started. The directory is removed by the suite. */
  dispose(): Promise<void>;
}

export interface ContractWriter {
  /** Commits so far. */
  commits(): Promise<number>;
  /** Ends the process and waits for it. */
  stop(): Promise<void>;
}

/** A source that must be refused. */
export interface ContractFailure<Kind> {
  /** Goes on after "a dump is refused with <type> when …". */
  when: string;
  type: FailureType;
  /** The message besides the source's id: what it names, what to do. */
  says: RegExp;
  /** Returns the source to dump; may make files below `directory`. Must leave the subject as it was. */
  arrange(subject: ContractSubject<Kind>, directory: string): Promise<Kind>;
}

export interface DatabaseContract<Kind extends DatabaseConfiguration> {
  /** Title, for example `SQLite, WAL`. */
  title: string;
  database: DatabaseSource<Kind>;
  /** Makes the live database, with at least two tables and some thousand rows. `directory` is empty. */
  create(directory: string): Promise<ContractSubject<Kind>>;
  failures?: ContractFailure<Kind>[];
  /** Bytes that a dump took anew, where it goes on with what is there. Default: all of it. */
  newBytes?(dump: Dump): number;
  /** Per test and for `create`. Default 60 000. */
  timeoutMs?: number;
}

const CANCEL_WITHIN_MS = 1_000;

/** Defines the tests. The suite makes the directory that the dump goes to: `dump` need not. */
export function describeDatabaseContract<Kind extends DatabaseConfiguration>(contract: DatabaseContract<Kind>): void {
  const { database, timeoutMs = 60_000 } = contract;
  describe(`the database contract of ${contract.title}`, () => {
    let root: string;
    let subject: ContractSubject<Kind>;

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'holdfast-contract-'));
      const directory = join(root, 'subject');
      await mkdir(directory);
      subject = await contract.create(directory);
    }, timeoutMs);

    afterAll(async () => {
      await subject.dispose();
      await rm(root, { recursive: true, force: true });
    }, timeoutMs);

    const contractTest = (title: string, body: (stage: Stage<Kind>) => Promise<void>) =>
      test(title, async () => body(await openStage(database, root)), timeoutMs);

    contractTest('a dump lies in place with mode 0600 and is what its facts say', async (stage) => {
      const context = createTestContext();
      const target = stage.target(subject.source);
      const dump = await database.dump(subject.source, target, context);
      const path = (await subject.assemble?.(target, await stage.scratch())) ?? target;
      const { size } = await stat(path);
      expect(await stage.files()).toEqual(filesOf(dump));
      for (const file of filesOf(dump)) expect((await stat(stage.inside(file))).mode & 0o777).toBe(0o600);
      expect(dump.method).not.toBe('');
      expect(dump.bytes).toBe(size);
      expect(dump.facts).toMatchObject({
        kind: subject.source.kind,
        path: database.stagePath(subject.source),
        bytes: size,
        ...((await subject.digest?.(path)) ?? { sha256: await sha256Of(path) }),
        method: dump.method,
        tables: await subject.countRows(),
      });
      expect(context.warnings).toEqual([]);
    });

    contractTest('a dump restores with the tools of the vendor to the same rows', async (stage) => {
      const target = stage.target(subject.source);
      const dump = await database.dump(subject.source, target, createTestContext());
      expect(await subject.restore(target, await stage.scratch())).toEqual(dump.facts.tables);
    });

    contractTest('an older dump and an older partial file are replaced', async (stage) => {
      const target = stage.target(subject.source);
      await writeFile(target, 'older');
      await writeFile(`${target}.partial`, 'older and longer '.repeat(100_000));
      const dump = await database.dump(subject.source, target, createTestContext());
      expect(await stage.files()).toEqual(filesOf(dump));
      expect((await stat((await subject.assemble?.(target, await stage.scratch())) ?? target)).size).toBe(dump.bytes);
      expect(await subject.restore(target, await stage.scratch())).toEqual(await subject.countRows());
    });

    contractTest('a dump is one consistent state while another process goes on writing', async (stage) => {
      const target = stage.target(subject.source);
      const writer = await subject.startWriter();
      try {
        const before = await writer.commits();
        const dump = await database.dump(subject.source, target, createTestContext());
        expect(await subject.restore(target, await stage.scratch())).toEqual(dump.facts.tables);
        expect(await writer.commits()).toBeGreaterThan(before);
      } finally {
        await writer.stop();
      }
    });

    contractTest('a cancelled dump ends at once in each of its phases and leaves nothing', async (stage) => {
      const target = stage.target(subject.source);
      const phases = await phasesOf(database, subject.source, target);
      expect(phases.length).toBeGreaterThan(0);
      for (const phase of phases) {
        const reason = new Error(`cancelled in ${phase}`);
        const context = createTestContext();
        const children = childProcesses();
        let cancelledAt = Number.NaN;
        const dump = database.dump(subject.source, target, {
          ...context,
          report: (progress) => {
            if (progress.phase !== phase || context.signal.aborted) return;
            cancelledAt = performance.now();
            context.controller.abort(reason);
          },
        });
        await expect(dump).rejects.toBe(reason);
        expect(performance.now() - cancelledAt).toBeLessThan(CANCEL_WITHIN_MS);
        expect(childProcesses()).toEqual(children);
        expect(await stage.files()).toEqual([]);
      }
    });

    contractTest('a dump that is cancelled before it begins does nothing', async (stage) => {
      const context = createTestContext();
      const reason = new Error('cancelled early');
      context.controller.abort(reason);
      await expect(database.dump(subject.source, stage.target(subject.source), context)).rejects.toBe(reason);
      expect(await stage.files()).toEqual([]);
    });

    const failures: ContractFailure<Kind>[] = [
      { when: 'what it names is not there', type: 'SourceMissing', says: /./, arrange: async (subject) => subject.missing },
      ...(contract.failures ?? []),
    ];
    for (const failure of failures) {
      contractTest(`a dump is refused with ${failure.type} when ${failure.when}`, async (stage) => {
        const source = await failure.arrange(subject, await stage.scratch());
        const children = childProcesses();
        const dump = database.dump(source, stage.target(source), createTestContext());
        const error: unknown = await dump.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toMatchObject({ name: 'PhaseError', type: failure.type, message: expect.stringMatching(failure.says) });
        expect(error).toMatchObject({ message: expect.stringContaining(sourceId(source)) });
        expect(childProcesses()).toEqual(children);
        expect(await stage.files()).toEqual([]);
      });
    }

    contractTest('examining finds a healthy database ok and a missing one a problem with advice', async () => {
      const healthy = await database.examine(subject.source, createTestContext());
      expect(healthy.length).toBeGreaterThan(0);
      expect(healthy.filter((finding) => finding.level !== 'ok')).toEqual([]);
      const missing = await database.examine(subject.missing, createTestContext());
      expect(missing).toContainEqual(expect.objectContaining({ level: 'problem', advice: expect.stringMatching(/./) }));
    });

    contractTest('the estimate is no less than half of what a dump takes', async (stage) => {
      const estimate = await database.estimateBytes(subject.source, createTestContext());
      const dump = await database.dump(subject.source, stage.target(subject.source), createTestContext());
      expect(estimate).toBeGreaterThanOrEqual((contract.newBytes?.(dump) ?? dump.bytes) / 2);
    });

    contractTest('the restore instructions name the file in the stage', async () => {
      expect(database.restoreInstructions(subject.source)).toContain(database.stagePath(subject.source));
    });
  });
}

/** Files that a dump says it left, relative to the stage. */
function filesOf({ entries, facts }: Dump): string[] {
  return entries === undefined ? [facts.path] : entries.map(({ path }) => path).sort();
}

interface Stage<Kind> {
  target(source: Kind): string;
  /** Absolute path of something in the stage. */
  inside(path: string): string;
  /** Files in the stage, relative to it. */
  files(): Promise<string[]>;
  /** A new empty directory outside the stage. */
  scratch(): Promise<string>;
}

async function openStage<Kind extends DatabaseConfiguration>(database: DatabaseSource<Kind>, root: string): Promise<Stage<Kind>> {
  const stage = await mkdtemp(join(root, 'stage-'));
  for (const kind of ['sqlite', 'mysql']) await mkdir(join(stage, kind));
  return {
    target: (source) => join(stage, database.stagePath(source)),
    inside: (path) => join(stage, path),
    files: async () => {
      const entries = await readdir(stage, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(stage.length + 1))
        .sort();
    },
    scratch: () => mkdtemp(join(root, 'scratch-')),
  };
}

/** Names of the phases that a dump reports, each once; removes the dump. */
async function phasesOf<Kind extends DatabaseConfiguration>(
  database: DatabaseSource<Kind>,
  source: Kind,
  target: string,
): Promise<string[]> {
  const context = createTestContext();
  await database.dump(source, target, context);
  await rm(target, { recursive: true });
  for (const { bytesDone, bytesTotal } of context.progress) {
    if (bytesDone !== undefined && bytesTotal !== undefined) expect(bytesDone).toBeLessThanOrEqual(bytesTotal);
  }
  return [...new Set(context.progress.map((progress) => progress.phase))];
}
