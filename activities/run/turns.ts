/**
 * Whose turn it is: so many backup runs of a host are at work at a time, and drills one after the other when no backup is.
 *
 * What must never be here: anything that protects data. A turn is politeness alone; what keeps runs apart is the claim of the plan.
 */
import { join } from 'node:path';
import type { RunReference } from '../../contract/backup.ts';
import { namesIn } from '../presence.ts';
import { findHolder, type Holder, type IsRunOpen, releaseClaim, tryClaim } from './claim.ts';
import { leaveQueue, queueUp, readQueue } from './queue.ts';

export interface Turn {
  /** `Configuration.stateDirectory`; slots and queue lie below it in `slots/`. */
  readonly stateDirectory: string;
  /** `Configuration.maxParallelRuns` */
  readonly slots: number;
  readonly run: RunReference;
  readonly isRunOpen: IsRunOpen;
}

/**
 * Takes a slot for a backup run, first come, first served. Asking again keeps the place in the queue, and what the run already has.
 *
 * @returns the run to wait for; undefined once it is this run's turn
 */
export async function takeTurn(turn: Turn): Promise<Holder | undefined> {
  const { runId } = turn.run;
  if (await holdsSlot(turn.stateDirectory, runId)) return undefined;
  const before = await lookAtQueue(turn);
  const { free, holders } = await lookAtSlots(turn);
  const ahead = holders[0] ?? before[0];
  if (before.length >= free.length && ahead !== undefined) return ahead;
  for (const slot of free) {
    const winner = await tryClaim({ ...turn, directory: slot });
    if (winner === undefined) {
      await leaveQueue(queueDirectory(turn.stateDirectory), runId);
      return undefined;
    }
    holders.push(winner);
  }
  return holders[0];
}

/**
 * Takes the turn of a drill. It waits for every backup at work or in the queue and for other drills, and no backup waits for it: a
 * drill may take hours and can be late, a backup should not be.
 *
 * @param isPatient false: it no longer waits for backups, so that on a busy host it takes place at all
 */
export async function takeDrillTurn(turn: Turn, isPatient: boolean): Promise<Holder | undefined> {
  const slot = drillSlot(turn.stateDirectory);
  if ((await findHolder(slot))?.runId === turn.run.runId) return undefined;
  const { holders } = await lookAtSlots(turn);
  const waiting = await findOpen(turn, await readQueue(queueDirectory(turn.stateDirectory)));
  const ahead = holders[0] ?? waiting[0];
  if (isPatient && ahead !== undefined) return ahead;
  return tryClaim({ ...turn, directory: slot });
}

/** Gives back whatever a run has of slots and places in the queue. Safe to repeat, and for runs that have nothing. */
export async function releaseTurn(stateDirectory: string, runId: string): Promise<void> {
  await leaveQueue(queueDirectory(stateDirectory), runId);
  const slots = [...(await listSlots(stateDirectory)), drillSlot(stateDirectory)];
  await Promise.all(slots.map((slot) => releaseClaim(slot, runId)));
}

/** In words that fit after `waiting for`. The plan first: a line of a terminal may end before a run's id does. */
export function describeHolder({ plan, workflowId }: Holder): string {
  return plan === undefined ? `run ${workflowId}` : `plan ${plan} (run ${workflowId})`;
}

async function holdsSlot(stateDirectory: string, runId: string): Promise<boolean> {
  const holders = await Promise.all((await listSlots(stateDirectory)).map(findHolder));
  return holders.some((holder) => holder?.runId === runId);
}

/** Those that wait before this run. The places of those that were terminated meanwhile are given up. */
async function lookAtQueue(turn: Turn): Promise<Holder[]> {
  const queue = queueDirectory(turn.stateDirectory);
  const before = await queueUp(queue, turn.run);
  const open = await findOpen(turn, before);
  await Promise.all(before.filter((run) => !open.includes(run)).map(({ runId }) => leaveQueue(queue, runId)));
  return open;
}

/** Slots beyond the number that is configured now still count while a run has them. */
async function lookAtSlots(turn: Turn): Promise<{ free: string[]; holders: Holder[] }> {
  const configured = Array.from({ length: turn.slots }, (_, index) => slotDirectory(turn.stateDirectory, index + 1));
  const all = [...new Set([...configured, ...(await listSlots(turn.stateDirectory))])];
  const held = await Promise.all(all.map(findHolder));
  const open = await findOpen(turn, held);
  const isHeld = new Set(open.map(({ runId }) => runId));
  const free = configured.filter((slot) => !isHeld.has(held[all.indexOf(slot)]?.runId ?? ''));
  return { free: free.slice(0, Math.max(0, turn.slots - open.length)), holders: open };
}

async function findOpen({ isRunOpen }: Turn, runs: readonly (Holder | undefined)[]): Promise<Holder[]> {
  const open = await Promise.all(runs.map(async (run) => (run !== undefined && (await isRunOpen(run)) ? [run] : [])));
  return open.flat();
}

async function listSlots(stateDirectory: string): Promise<string[]> {
  const names = await namesIn(join(stateDirectory, 'slots'));
  return names.filter((name) => /^\d+$/.test(name)).map((name) => slotDirectory(stateDirectory, Number(name)));
}

function slotDirectory(stateDirectory: string, number: number): string {
  return join(stateDirectory, 'slots', String(number));
}

function drillSlot(stateDirectory: string): string {
  return join(stateDirectory, 'slots', 'drill');
}

function queueDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'slots', 'queue');
}
