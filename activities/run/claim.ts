/**
 * The exclusive claim of a plan: what keeps two runs out of one stage, however they were started.
 *
 * What must never be here: a lock that a dead run can hold for ever, or one that a live run can lose.
 */
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunReference } from '../../contract/backup.ts';
import { displayText } from '../input/display.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { PhaseError } from '../phase-error.ts';
import { namesIn } from '../presence.ts';
import { writeDurably } from '../stage/write-durably.ts';

const claimSchema = z.object({
  /** Absent in claims of an earlier release. */
  plan: z.string().optional(),
  workflow_id: z.string(),
  run_id: z.string(),
  started_at: z.string(),
  released: z.boolean(),
});

type Claim = z.infer<typeof claimSchema>;

/**
 * Whether a run may still be at work: Temporal has it open, or one of its phases has not come to its end here. Throws when Temporal
 * cannot be asked.
 */
export type IsRunOpen = (run: { workflowId: string; runId: string }) => Promise<boolean>;

/** How soon a busy plan is worth another look. */
const BUSY_RETRY_MS = 5_000;

interface ClaimOptions {
  /** `claims/` lies in it: `Plan.stateDirectory` for the claim of a plan. */
  readonly directory: string;
  readonly run: RunReference;
  readonly isRunOpen: IsRunOpen;
}

/** The run that holds a claim. */
export type Holder = Pick<RunReference, 'workflowId' | 'runId' | 'startedAt'> & { plan: string | undefined };

/** Claims a plan. @throws {PhaseError} PlanBusy, naming the run in progress */
export async function claimPlan(options: ClaimOptions): Promise<void> {
  const holder = await tryClaim(options);
  if (holder !== undefined) throw busy(options.run.plan, holder);
}

/**
 * Claims lie in `<plan state>/claims/<n>.json`, and the highest n counts. A run that finds it released, or held by a run that
 * Temporal no longer has open, links n+1 into place: the file system lets exactly one of several runs succeed.
 *
 * Claiming again what the run already holds is fine.
 *
 * @returns the run in progress that holds it instead; undefined once it is claimed
 */
export async function tryClaim(options: ClaimOptions): Promise<Holder | undefined> {
  return oneAtATime(`claim ${options.directory}`, async () => claim(options));
}

async function claim(options: ClaimOptions): Promise<Holder | undefined> {
  const directory = join(options.directory, 'claims');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const current = await readClaim(directory);
  if (current !== undefined && !current.claim.released) {
    const holder = toHolder(current.claim);
    if (holder.runId === options.run.runId) return undefined;
    if (await options.isRunOpen(holder)) return holder;
  }
  const number = (current?.number ?? 0) + 1;
  const claimed = {
    plan: options.run.plan,
    workflow_id: options.run.workflowId,
    run_id: options.run.runId,
    started_at: options.run.startedAt,
    released: false,
  };
  const draft = join(directory, `${options.run.runId}.draft`);
  await writeFile(draft, JSON.stringify(claimed), { mode: 0o600, flush: true });
  try {
    await link(draft, claimPath(directory, number));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return toHolder((await readClaim(directory))?.claim ?? claimed);
  } finally {
    await rm(draft, { force: true });
  }
  await removeOlder(directory, number);
  return undefined;
}

/**
 * Says whether a run still holds its plan. Each phase asks before it touches what is shared, so that an attempt that outlived
 * its run does no damage.
 */
export async function holdsClaim(planStateDirectory: string, runId: string): Promise<boolean> {
  const current = await readClaim(join(planStateDirectory, 'claims'));
  return current !== undefined && !current.claim.released && current.claim.run_id === runId;
}

/** Gives the plan free. Does nothing when the run does not hold it. */
export async function releaseClaim(planStateDirectory: string, runId: string): Promise<void> {
  const directory = join(planStateDirectory, 'claims');
  const current = await readClaim(directory);
  if (current === undefined || current.claim.run_id !== runId) return;
  await writeDurably(claimPath(directory, current.number), JSON.stringify({ ...current.claim, released: true }));
}

/** Sweeps what the holder of a claim left, if that is a run that died, and gives the claim back. */
export async function sweepDeadClaim(options: {
  /** As in {@link claimPlan}. */
  directory: string;
  isRunOpen: IsRunOpen;
  sweep(): Promise<void>;
}): Promise<void> {
  // Not while somebody else claims: what is swept would be the new holder's.
  await oneAtATime(`claim ${options.directory}`, async () => {
    const holder = await findHolder(options.directory);
    if (holder === undefined || (await options.isRunOpen(holder))) return;
    await options.sweep();
    await releaseClaim(options.directory, holder.runId);
  });
}

/** The run that the plan was claimed for last and that has not given it back; it may be dead. */
export async function findHolder(planStateDirectory: string): Promise<Holder | undefined> {
  const current = await readClaim(join(planStateDirectory, 'claims'));
  return current === undefined || current.claim.released ? undefined : toHolder(current.claim);
}

function toHolder({ plan, workflow_id, run_id, started_at }: Claim): Holder {
  return { plan, workflowId: workflow_id, runId: run_id, startedAt: started_at };
}

async function readClaim(directory: string): Promise<{ number: number; claim: Claim } | undefined> {
  const number = Math.max(0, ...(await claimNumbers(directory)));
  if (number === 0) return undefined;
  try {
    return { number, claim: parseClaim(await readFile(claimPath(directory, number), 'utf8')) };
  } catch (error) {
    // Removed between listing and reading: then there is a newer one.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return readClaim(directory);
    throw error;
  }
}

/** A file that a power failure damaged counts as released: whoever wrote it is gone. */
function parseClaim(text: string): Claim {
  try {
    return claimSchema.parse(JSON.parse(text));
  } catch {
    return { workflow_id: '', run_id: '', started_at: '', released: true };
  }
}

async function claimNumbers(directory: string): Promise<number[]> {
  const names = await namesIn(directory);
  return names.flatMap((name) => (/^\d+\.json$/.test(name) ? [Number.parseInt(name, 10)] : []));
}

async function removeOlder(directory: string, number: number): Promise<void> {
  const older = (await claimNumbers(directory)).filter((other) => other < number);
  await Promise.all(older.map((other) => rm(claimPath(directory, other), { force: true })));
}

function claimPath(directory: string, number: number): string {
  return join(directory, `${number}.json`);
}

function busy(plan: string, { workflowId, runId, startedAt }: Holder): PhaseError {
  return new PhaseError(
    'PlanBusy',
    `plan ${plan} is busy: run ${displayText(workflowId)} (run id ${runId}) is in progress since ${startedAt}.`,
    { retryAfterMs: BUSY_RETRY_MS },
  );
}
