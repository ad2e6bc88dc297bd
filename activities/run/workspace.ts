import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { chainHome, chainViews } from '../../config/chain-places.ts';
import type { ChainSettings, Plan } from '../../config/types.ts';
import { type RunRecord, type RunReference, type SourceReference, sourceId } from '../../contract/backup.ts';
import { retrieveView } from '../databases/chain/chain-view.ts';
import { displayText } from '../input/display.ts';
import { PhaseError } from '../phase-error.ts';
import { type DatabaseFacts, type FilesFacts, type ManifestEntry, manifestSchema } from '../stage/manifest.ts';
import { removeTree } from '../stage/remove-tree.ts';
import { writeDurably } from '../stage/write-durably.ts';
import { holdsClaim } from './claim.ts';

/** What is known of a source once it lies in the stage: what sealStage makes the manifest of. */
export interface StagedSource {
  facts: FilesFacts | DatabaseFacts;
  /** None for a database that is one file: its facts tell all. */
  entries: ManifestEntry[];
}

const stagedSourceSchema = z.object({
  facts: manifestSchema.shape.sources.valueType,
  entries: manifestSchema.shape.entries,
});

/** Fails unless the run holds its plan: the fence before anything in the stage is touched. @throws {PhaseError} PlanBusy */
export async function requireClaim(plan: Plan, run: RunReference): Promise<void> {
  if (await holdsClaim(plan.stateDirectory, run.runId)) return;
  throw new PhaseError(
    'PlanBusy',
    `run ${displayText(run.workflowId)} no longer holds plan ${plan.name}: another run took over its stage.`,
  );
}

/** Empties stage and working files of a plan, and makes new ones that only the worker can read. Chains of sources stay. */
export async function prepareWorkspace(plan: Plan): Promise<void> {
  await removeWorkspace(plan);
  await sweepChains(plan);
  await mkdir(plan.stageDirectory, { recursive: true, mode: 0o700 });
  await mkdir(workDirectory(plan), { recursive: true, mode: 0o700 });
}

/** Removes the stage and the working files. Safe to repeat. */
export async function removeWorkspace(plan: Plan): Promise<void> {
  for (const { kind, name, chain } of incrementalSources(plan)) {
    await retrieveView(join(plan.stageDirectory, kind, name), chain.viewDirectory);
  }
  await removeTree(plan.stageDirectory);
  await rm(workDirectory(plan), { recursive: true, force: true });
}

/** Keeps what is known of a staged source on the worker's disk: file lists never enter a history. */
export async function saveStagedSource(plan: Plan, source: SourceReference, staged: StagedSource): Promise<void> {
  await writeJson(join(workDirectory(plan), `${source.kind}.${source.name}.json`), staged);
}

/** All staged sources of the open run, by source id. */
export async function loadStagedSources(plan: Plan): Promise<Map<string, StagedSource>> {
  const staged = new Map<string, StagedSource>();
  const names = await readdir(workDirectory(plan));
  for (const source of plan.sources) {
    const name = `${source.kind}.${source.name}.json`;
    if (!names.includes(name)) continue;
    const text = await readFile(join(workDirectory(plan), name), 'utf8');
    staged.set(sourceId(source), stagedSourceSchema.parse(JSON.parse(text)));
  }
  return staged;
}

/** Keeps the record of a run that succeeded: the measure for the next ones. */
export async function saveLastGoodRun(plan: Plan, record: RunRecord): Promise<void> {
  await mkdir(plan.stateDirectory, { recursive: true, mode: 0o700 });
  await writeJson(lastGoodPath(plan), record);
}

/** Record of the last run that succeeded; undefined before the first one, or when the file was damaged: it is only a measure. */
export async function loadLastGoodRun(plan: Plan): Promise<RunRecord | undefined> {
  try {
    return JSON.parse(await readFile(lastGoodPath(plan), 'utf8')) as RunRecord;
  } catch {
    return undefined;
  }
}

/** Removes chains of sources that are no longer incremental, or no longer there. */
async function sweepChains(plan: Plan): Promise<void> {
  const used = incrementalSources(plan).flatMap(({ chain }) => [chain.directory, chain.viewDirectory]);
  for (const parent of [chainHome(plan.stateDirectory), chainViews(plan.stageDirectory)]) {
    const names = await readdir(parent).catch(() => []);
    for (const name of names) if (!used.includes(join(parent, name))) await removeTree(join(parent, name));
  }
}

function incrementalSources({ sources }: Plan): (SourceReference & { chain: ChainSettings })[] {
  return sources.flatMap((source) =>
    source.kind !== 'files' && source.chain !== undefined ? [{ kind: source.kind, name: source.name, chain: source.chain }] : [],
  );
}

function lastGoodPath(plan: Plan): string {
  return join(plan.stateDirectory, 'last-good.json');
}

function workDirectory(plan: Plan): string {
  return join(plan.stateDirectory, 'run');
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeDurably(path, JSON.stringify(value));
}
