import { mkdir, statfs } from 'node:fs/promises';
import { z } from 'zod';
import type { Plan, Source } from '../../config/types.ts';
import type { PhaseResult, QueuedResult } from '../../contract/backup.ts';
import type { OpenDrillInput, OpenDrillResult } from '../../contract/verify.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { judge } from '../input/judge.ts';
import { wantedName } from '../input/shapes.ts';
import { endRetries, findPlan } from '../open-run.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { planTag } from '../restic/arguments.ts';
import type { ResticSnapshot } from '../restic/output.ts';
import { createRestic, requireRestic } from '../restic/restic.ts';
import type { ActivePhases } from '../run/active-phases.ts';
import { claimPlan } from '../run/claim.ts';
import { requireInTime } from '../run/lateness.ts';
import { runOpenness, sweepDeadRuns } from '../run/sweep-dead-runs.ts';
import { describeHolder, takeDrillTurn } from '../run/turns.ts';
import { chooseSnapshot } from './choose-snapshot.ts';
import { drillClaimDirectory, emptyDirectory, removeScratch, scratchOf } from './scratch.ts';
import { loadMarked } from './snapshot-marks.ts';

const verifyInput = z.strictObject({
  plan: wantedName,
  snapshot: z
    .string()
    .regex(/^[0-9a-f]{4,64}$/)
    .optional(),
  when_busy: z.enum(['wait', 'refuse']).default('wait'),
});

const MIB = 1024 * 1024;
/** Room for an empty database server, and to spare. */
const RESERVE_BYTES = 512 * MIB;
/** A database that is loaded takes about twice its dump, besides the dump. */
const LOADED_FACTOR = 3;
/** The database of a chain is made beside it. */
const REPLAYED_FACTOR = 2;

/**
 * Begins a drill: judges the input and whether it is too late for it, claims the scratch directory, sweeps what a dead drill left there,
 * chooses the snapshot and looks whether there is room for it. While a backup is at work it returns before that, to wait.
 *
 * Safe to repeat: a drill claims again what it holds.
 */
export async function openDrill(
  deps: ActivityDependencies & { activePhases: ActivePhases },
  input: OpenDrillInput,
  context: PhaseContext,
): Promise<Omit<OpenDrillResult, keyof PhaseResult> | Omit<QueuedResult, keyof PhaseResult>> {
  const { configuration } = deps;
  const request = judge(verifyInput, input.input, 'the input of a drill must be {"plan": "NAME"}, with a snapshot if you like');
  const plan = findPlan(configuration, request.plan);
  const byHand = `holdfast verify ${plan.name}`;
  requireInTime(plan.verification?.schedule, input.arrival, { host: configuration.host, byHand });
  const { workflowId, runId, startedAt } = input;
  const run = { plan: plan.name, workflowId, runId, startedAt };
  try {
    context.report({ phase: 'claim' });
    await sweepDeadRuns(deps);
    const isRunOpen = runOpenness(deps);
    await claimPlan({ directory: drillClaimDirectory(plan), run, isRunOpen });
    const { stateDirectory, maxParallelRuns } = configuration;
    const ahead = await takeDrillTurn({ stateDirectory, slots: maxParallelRuns, run, isRunOpen }, true);
    if (ahead !== undefined) return { queuedBehind: describeHolder(ahead) };
    const scratch = scratchOf(configuration, plan);
    await removeScratch(scratch);
    await mkdir(scratch.directory, { recursive: true, mode: 0o700 });
    await emptyDirectory(scratch.directory);
    context.report({ phase: 'choose a snapshot' });
    const snapshot = await choose(deps, plan, request.snapshot, context);
    await requireRoom(plan, snapshot, scratch.directory);
    return {
      plan: plan.name,
      host: configuration.host,
      snapshotId: snapshot.id,
      snapshotTime: snapshot.time,
      hasArchive: plan.archive !== undefined,
      deadlineMs: plan.deadlineMs,
      hasSearchAttributes: deps.hasSearchAttributes,
    };
  } catch (error) {
    throw endRetries(error, plan, { run, now: context.now() }, request.when_busy);
  }
}

async function choose(
  deps: ActivityDependencies,
  plan: Plan,
  wanted: string | undefined,
  context: PhaseContext,
): Promise<ResticSnapshot> {
  const { host, stateDirectory } = deps.configuration;
  await requireRestic(deps.programs, context.signal);
  const restic = createRestic({ programs: deps.programs, repository: plan.repository, stateDirectory, context });
  await restic.probe();
  const snapshots = await restic.snapshots({ host, tags: [planTag(plan.name)] });
  const incomplete = await loadMarked(plan, 'incomplete');
  return chooseSnapshot(snapshots, { plan: plan.name, repository: plan.repository.name, wanted, incomplete });
}

/** What a source takes in a drill, by the room that it takes in the snapshot. */
function roomFactor(source: Source): number {
  // The dump of a chain lies beside it.
  if (source.kind === 'mysql' && source.chain !== undefined) return LOADED_FACTOR + 1;
  if (source.kind === 'mysql' || (source.kind === 'sqlite' && source.method === 'sql')) return LOADED_FACTOR;
  return source.kind === 'sqlite' && source.method === 'incremental' ? REPLAYED_FACTOR : 1;
}

async function requireRoom(plan: Plan, { summary }: ResticSnapshot, directory: string): Promise<void> {
  const factor = Math.max(...plan.sources.map(roomFactor));
  const bytes = (summary?.total_bytes_processed ?? 0) * factor + RESERVE_BYTES;
  const disk = await statfs(directory);
  const free = disk.bavail * disk.bsize;
  if (free >= bytes) return;
  throw new PhaseError(
    'DiskFull',
    `a drill of plan ${plan.name} needs about ${Math.ceil(bytes / MIB)} MiB in ${directory}, and its disk has ${Math.floor(free / MIB)} MiB free. Free some space, or move state_directory.`,
  );
}
