import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from './lane.ts';
import { countBackups, findLeftovers } from './leftovers.ts';
import type { Subject } from './phases.ts';
import { recordResult } from './results.ts';
import { EXPECTED, type Fault, strike, untilChildless } from './strike.ts';

export const MOMENTS = ['start', 'middle', 'end'] as const;
export type Moment = (typeof MOMENTS)[number];

/** One cell of the matrix: what is struck, how, at which moment of which phase. */
export type Cell = readonly [subject: Subject, fault: Fault, moment: Moment, phase: string];

/** As its test is called. */
export function titleOf([subject, fault, moment, phase]: Cell): string {
  return `${subject.title}, ${fault} at the ${moment} of ${phase}`;
}

/** What became of it. */
interface CellResult {
  id: string;
  subject: string;
  phase: string;
  moment: Moment;
  fault: Fault;
  outcome: string;
  /** Until the run went on, or after a cancel until the last child was gone. */
  seconds: number;
  snapshots: number;
  archives: number;
  /** What falls short, in words; empty for a cell that holds. */
  problems: string[];
}

const HIT_WITHIN_MS = 60_000;
const ENDED_WITHIN_MS = 180_000;
const CANCELLED_WITHIN_S = 3;
const RECOVERED_WITHIN_S = 30;
const TRIES = 4;

/** Strikes a run of the subject where the cell says, and looks at everything that it may have left. */
export async function runCell(lane: Lane, cell: Cell, durationsMs: ReadonlyMap<string, number>): Promise<CellResult> {
  const result = await struckRun(lane, cell, durationsMs)
    .then((run) => run.finish())
    .catch((error: unknown) => ({ ...notStruck(cell), problems: [String(error)] }));
  recordResult(result);
  return result;
}

/** The result of a cell before there is one. */
export function notStruck(cell: Cell): CellResult {
  const [subject, fault, moment, phase] = cell;
  const nothing = { outcome: 'not struck', seconds: 0, snapshots: 0, archives: 0, problems: [] };
  return { id: titleOf(cell), subject: subject.title, phase, moment, fault, ...nothing };
}

/** Runs until the probe strikes: a phase that was over before its middle came is tried again, struck earlier. */
async function struckRun(lane: Lane, cell: Cell, durationsMs: ReadonlyMap<string, number>): Promise<StruckRun> {
  const [subject, fault, moment, phase] = cell;
  const share = { start: 0, middle: 0.5, end: 0.85 }[moment];
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const delayMs = share * (durationsMs.get(phase) ?? 0) * (1 - attempt / (TRIES - 1));
    const programs = fault === 'kill child' ? { programs: subject.phases[phase] ?? [] } : {};
    await lane.order({ phase, moment, delayMs, ...programs });
    const run = await lane.start(subject.workflow, subject.input);
    if (await untilHit(lane, run.workflowId)) return new StruckRun(lane, cell, run);
  }
  throw new Error(`${phase} was over before it could be struck in its ${moment}, ${TRIES} times`);
}

async function untilHit(lane: Lane, workflowId: string): Promise<boolean> {
  const deadline = Date.now() + HIT_WITHIN_MS;
  for (let round = 1; Date.now() < deadline; round += 1) {
    if ((await lane.hit()) !== undefined) return true;
    if (round % 100 === 0 && (await lane.outcome(workflowId, 50)) !== 'RUNNING') return false;
    await sleep(20);
  }
  return false;
}

class StruckRun {
  readonly #lane: Lane;
  readonly #cell: Cell;
  readonly #run: { workflowId: string; runId: string };
  readonly #problems: string[] = [];

  constructor(lane: Lane, cell: Cell, run: { workflowId: string; runId: string }) {
    this.#lane = lane;
    this.#cell = cell;
    this.#run = run;
  }

  async finish(): Promise<CellResult> {
    const [subject, fault, , phase] = this.#cell;
    const since = await strike(this.#lane, fault, this.#run.workflowId);
    const childless = fault === 'cancel' ? await untilChildless(this.#lane, since) : undefined;
    const outcome = await this.#lane.outcome(this.#run.workflowId, ENDED_WITHIN_MS);
    const isTooLate = fault === 'cancel' && outcome === 'COMPLETED' && subject.last.includes(phase);
    this.#expect(outcome === EXPECTED[fault] || isTooLate, `ended ${outcome} instead of ${EXPECTED[fault]}`);
    const seconds = childless ?? (await this.#recovery(since));
    const limit = fault === 'cancel' ? CANCELLED_WITHIN_S : RECOVERED_WITHIN_S;
    this.#expect(seconds <= limit, `took ${seconds.toFixed(1)} s instead of ${limit} s`);
    if (fault === 'terminate') await this.#runNext();
    await this.#settle();
    const counts = await this.#judgeBackups();
    for (const leftover of await findLeftovers(this.#lane)) this.#problems.push(leftover);
    await this.#lane.clearOrder();
    return { ...notStruck(this.#cell), outcome, seconds, ...counts, problems: this.#problems };
  }

  /** Seconds until a phase began or ended after the fault; 0 when there was nothing left to do. */
  async #recovery(since: number): Promise<number> {
    const [, fault] = this.#cell;
    if (fault === 'terminate') return 0;
    const next = (await this.#lane.events()).find(
      ({ at, runId, moment }) => at >= since && runId === this.#run.runId && (fault !== 'kill child' || moment === 'start'),
    );
    return next === undefined ? 0 : (next.at - since) / 1000;
  }

  /** A terminated run is swept by the next one. */
  async #runNext(): Promise<void> {
    const [subject] = this.#cell;
    await this.#lane.clearOrder();
    const next = await this.#lane.start(subject.workflow, subject.input);
    const outcome = await this.#lane.outcome(next.workflowId, ENDED_WITHIN_MS);
    this.#expect(outcome === 'COMPLETED', `the next run ended ${outcome}`);
  }

  /** The old ones of a restore in place are kept on purpose. */
  async #settle(): Promise<void> {
    const data = join(this.#lane.directory, 'data');
    for (const name of await readdir(data)) {
      if (/\.before-[0-9a-f]{8}/.test(name)) await rm(join(data, name), { recursive: true });
    }
  }

  async #judgeBackups(): Promise<{ snapshots: number; archives: number }> {
    const [subject, fault] = this.#cell;
    const counts = await countBackups(this.#lane, this.#run.runId);
    if (subject.workflow !== 'backup') return counts;
    const isWhole = EXPECTED[fault] === 'COMPLETED';
    for (const [name, count] of Object.entries(counts)) {
      this.#expect(isWhole ? count === 1 : count <= 1, `${count} ${name}`);
    }
    return counts;
  }

  #expect(holds: boolean, problem: string): void {
    if (!holds) this.#problems.push(problem);
  }
}
