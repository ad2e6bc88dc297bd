import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PhaseResult } from '../contract/backup.ts';
import type { OpenRestoreInput, OpenRestoreResult, RestorePlan } from '../contract/restore.ts';
import { BASE_NAME } from './databases/sqlite/incremental/chain.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';
import { noteRestore } from './restore/open-restores.ts';
import { type PlannedRestore, planRestore } from './restore/plan-restore.ts';
import { chainAt, chainsOf } from './restore/replay-chains.ts';
import { preparePlace } from './restore/restore-place.ts';
import { requireRoom } from './restore/room.ts';
import { entriesOf, entriesOfFile } from './restore/source-entries.ts';
import type { ActivePhases } from './run/active-phases.ts';
import { sweepDeadRuns } from './run/sweep-dead-runs.ts';
import type { DatabaseFacts, Manifest } from './stage/manifest.ts';

/**
 * Begins a restore: judges the input, finds the backup by its exact id, reads its manifest, and looks whether there is room and
 * whether what would be overwritten may be.
 *
 * Also sweeps what dead runs left. Safe to repeat: it begins with an empty place, and touches nothing else.
 */
export async function openRestore(
  deps: ActivityDependencies & { activePhases: ActivePhases },
  { run, input }: OpenRestoreInput,
  context: PhaseContext,
): Promise<Omit<OpenRestoreResult, keyof PhaseResult>> {
  const { restoreDirectory } = deps.configuration;
  const makePlace = async () => {
    await sweepDeadRuns(deps);
    // Of a run that was terminated meanwhile nobody would know, once the next one has swept.
    if (!(await deps.isRunOpen(run))) throw new PhaseError('PlanBusy', 'this restore was terminated.', { isFinal: true });
    await noteRestore(deps.configuration, run);
    return preparePlace(restoreDirectory, run);
  };
  const planned = await planRestore(deps, { input, makePlace }, context);
  requireConfirmation(planned);
  await requireRoom(restoreDirectory, neededBytes(planned), `the restore of plan ${planned.plan}`);
  const { request, configured, sources, inPlace, load } = planned;
  const unloaded = request.in_place === true ? sources.filter((id) => id.startsWith('mysql/')) : [];
  for (const id of unloaded)
    context.warn(`${id} was not put back: load it by \`holdfast restore ${planned.plan} --load ${id}\`.`);
  return {
    ...toRestorePlan(planned),
    sources: request.in_place === true ? inPlace : sources,
    inPlace,
    ...(request.file === undefined ? {} : { file: request.file }),
    ...(load === undefined ? {} : { load }),
    deadlineMs: configured.deadlineMs,
    hasSearchAttributes: deps.hasSearchAttributes,
  };
}

/** What a restore with this input would overwrite; leaves nothing behind. */
export async function previewRestore(deps: ActivityDependencies, input: unknown, context: PhaseContext): Promise<RestorePlan> {
  const { restoreDirectory } = deps.configuration;
  let place: string | undefined;
  const makePlace = async () => {
    await mkdir(restoreDirectory, { recursive: true, mode: 0o700 });
    place = await mkdtemp(join(restoreDirectory, '.preview-'));
    return place;
  };
  try {
    return toRestorePlan(await planRestore(deps, { input, makePlace }, context));
  } finally {
    if (place !== undefined) await rm(place, { recursive: true, force: true });
  }
}

function toRestorePlan({ plan, host, origin, time, overwrites }: PlannedRestore): RestorePlan {
  return { plan, host, origin, time, overwrites };
}

/** Of a base: pages that others copy from are kept while they are changed. Measured: a fifth after 30 days of a tracker. */
const KEPT_PART = 1 / 4;

function requireConfirmation({ request, overwrites }: PlannedRestore): void {
  if (overwrites.length === 0 || request.confirmed === true) return;
  const list = overwrites.map(({ what, how }) => `${what} (${how})`).join(', ');
  throw new PhaseError('ConfigInvalid', `this would overwrite ${list}. Say so: --yes, or "confirmed": true in the input.`);
}

function neededBytes({ manifest, sources, request }: PlannedRestore): number {
  const { file } = request;
  const wanted = file === undefined ? entriesOf(manifest, new Set(sources)) : entriesOfFile(manifest, file);
  const chain = file === undefined ? undefined : chainAt(manifest, file);
  const chains = chain === undefined ? chainsOf(manifest, sources) : [chain];
  const replayed = chains.reduce((sum, { facts }) => sum + replayBytes(manifest, facts), 0);
  return wanted.reduce((sum, { bytes = 0 }) => sum + bytes, replayed);
}

/** What a replay needs besides the chain: of dumps two lie beside it. The base of a database becomes the database. */
function replayBytes({ entries }: Manifest, { bytes, chain, kind, path }: DatabaseFacts): number {
  if (kind === 'mysql') return 2 * bytes;
  if (chain?.deltas === 0) return 0;
  const base = entries.find((entry) => entry.path === `${path}/${BASE_NAME}`)?.bytes ?? 0;
  return Math.max(0, bytes - base) + base * KEPT_PART;
}
