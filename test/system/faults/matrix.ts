import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DatabaseServer } from '../../support/database-server.ts';
import { startMariadb } from '../../support/mariadb-server.ts';
import { type Cell, MOMENTS, runCell } from './cell.ts';
import { Lane, type LaneOptions } from './lane.ts';
import { findLeftovers } from './leftovers.ts';
import { BACKUP, DRILL, type Subject } from './phases.ts';
import type { Fault } from './strike.ts';

export const SMALL: LaneOptions = { rows: 4_000, sqliteBytes: 20_000_000 };

const TIMEOUT_MS = 600_000;

/** All cells of some faults on a subject. There is no child to kill in a phase that has none. */
export function cellsOf(subject: Subject, faults: readonly Fault[]): Cell[] {
  return Object.entries(subject.phases).flatMap(([phase, programs]) =>
    faults
      .filter((fault) => fault !== 'kill child' || programs.length > 0)
      .flatMap((fault) => MOMENTS.map((moment) => ({ subject, phase, moment, fault }))),
  );
}

/** Defines a test for each cell, all on one lane, and in the end a drill of what the struck runs have made. */
export function describeCells(title: string, cells: readonly Cell[]): void {
  describe(title, () => {
    let database: DatabaseServer;
    let lane: Lane;
    const ends: (() => Promise<void>)[] = [];
    const durationsMs = new Map<string, number>();
    const subjects = [...new Set(cells.map(({ subject }) => subject))];

    beforeAll(async () => {
      database = await startMariadb();
      ends.push(() => database.stop());
      await fill(database, SMALL.rows);
      lane = await Lane.create(database, SMALL);
      ends.push(() => lane.stop());
      await mustComplete(lane, BACKUP);
    }, TIMEOUT_MS);

    afterAll(async () => {
      for (const end of ends.toReversed()) await end();
    }, TIMEOUT_MS);

    test.each(subjects)(
      '$title without a fault has the phases that are struck',
      async (subject) => {
        const events = await mustComplete(lane, subject);
        const started = new Set(events.filter(({ moment }) => moment === 'start').map(({ phase }) => phase));
        for (const phase of Object.keys(subject.phases)) expect([...started]).toContain(phase);
        for (const { phase, moment, at } of events) {
          const start = events.find((event) => event.phase === phase && event.moment === 'start');
          if (moment === 'end' && start !== undefined) durationsMs.set(phase, at - start.at);
        }
      },
      TIMEOUT_MS,
    );

    for (const cell of cells) {
      test(
        `${cell.subject.title}, ${cell.fault} at the ${cell.moment} of ${cell.phase}`,
        async () => {
          const { problems } = await runCell(lane, cell, durationsMs).catch((error: unknown) => {
            throw new Error(`${String(error)}\n${lane.log.slice(-2_000)}`, { cause: error });
          });
          expect(problems).toEqual([]);
        },
        TIMEOUT_MS,
      );
    }

    test(
      'what the struck runs made passes a drill and a check of the repository',
      async () => {
        await mustComplete(lane, BACKUP);
        await mustComplete(lane, DRILL);
        expect(await findLeftovers(lane)).toEqual([]);
        await lane.holdfast.restic('check');
      },
      TIMEOUT_MS,
    );
  });
}

async function mustComplete(lane: Lane, subject: Subject): Promise<Awaited<ReturnType<Lane['events']>>> {
  const { workflowId, runId } = await lane.start(subject.workflow, subject.input);
  expect(await lane.outcome(workflowId, TIMEOUT_MS)).toBe('COMPLETED');
  return (await lane.events()).filter((event) => event.runId === runId);
}

/** A table like the tracker's, of about 1 KB a row. */
async function fill(database: DatabaseServer, rows: number): Promise<void> {
  await database.sql(`
    CREATE DATABASE tracker CHARACTER SET utf8mb4;
    USE tracker;
    CREATE TABLE torrents (id INT PRIMARY KEY AUTO_INCREMENT, info_hash BINARY(20) NOT NULL, note TEXT NOT NULL) ENGINE=InnoDB;
    INSERT INTO torrents (info_hash, note) SELECT UNHEX(SHA1(seq)), REPEAT(SHA1(seq + 1), 24) FROM seq_1_to_${rows};
    CREATE TABLE whitelist (info_hash BINARY(20) PRIMARY KEY) ENGINE=InnoDB;
    INSERT INTO whitelist SELECT UNHEX(SHA1(seq)) FROM seq_1_to_100;
  `);
}
