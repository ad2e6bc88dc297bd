import { expect } from '@jest/globals';
import type { DatabaseServer } from '../../support/database-server.ts';
import { startMariadb } from '../../support/mariadb-server.ts';
import { Lane, type PhaseEvent } from './lane.ts';
import { findLeftovers } from './leftovers.ts';
import { BACKUP, DRILL, type Subject } from './phases.ts';

/** Longest that a test of a lane, its start or its end may take. */
export const TIMEOUT_MS = 600_000;

/** About 1 KB of dump a row. */
const ROWS = 4_000;
const SQLITE_BYTES = 20_000_000;

/** Starts a database server and a lane on it, with a first backup. What is to be ended afterwards, last first, is added to `ends`. */
export async function startLane(ends: (() => Promise<void>)[]): Promise<Lane> {
  const database = await startMariadb();
  ends.push(() => database.stop());
  await fill(database);
  const lane = await Lane.create(database, SQLITE_BYTES);
  ends.push(() => lane.stop());
  await mustComplete(lane, BACKUP);
  return lane;
}

/** Runs a subject without any fault, and returns what the probe saw of it. */
export async function mustComplete(lane: Lane, { workflow, input }: Subject): Promise<PhaseEvent[]> {
  const { workflowId, runId } = await lane.start(workflow, input);
  expect(await lane.outcome(workflowId, TIMEOUT_MS)).toBe('COMPLETED');
  return (await lane.events()).filter((event) => event.runId === runId);
}

/** After all that was done to it: the lane makes a backup that passes its drill, nothing lies about, the repository is whole. */
export async function expectSound(lane: Lane): Promise<void> {
  await mustComplete(lane, BACKUP);
  await mustComplete(lane, DRILL);
  expect(await findLeftovers(lane)).toEqual([]);
  await lane.holdfast.restic('check');
}

/** Tables like the tracker's. */
async function fill(database: DatabaseServer): Promise<void> {
  await database.sql(`
    CREATE DATABASE tracker CHARACTER SET utf8mb4;
    USE tracker;
    CREATE TABLE torrents (id INT PRIMARY KEY AUTO_INCREMENT, info_hash BINARY(20) NOT NULL, note TEXT NOT NULL) ENGINE=InnoDB;
    INSERT INTO torrents (info_hash, note) SELECT UNHEX(SHA1(seq)), REPEAT(SHA1(seq + 1), 24) FROM seq_1_to_${ROWS};
    CREATE TABLE whitelist (info_hash BINARY(20) PRIMARY KEY) ENGINE=InnoDB;
    INSERT INTO whitelist SELECT UNHEX(SHA1(seq)) FROM seq_1_to_100;
  `);
}
