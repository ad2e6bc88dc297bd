import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan, Source } from '../../config/types.ts';
import { type RunReference, sourceId } from '../../contract/backup.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import type { StagedSource } from '../run/workspace.ts';
import { bytePath } from './byte-path.ts';
import { checkStage } from './check-stage.ts';
import type { DatabaseFacts, Manifest, ManifestEntry } from './manifest.ts';
import { entryPath, manifestEntry } from './manifest-entry.ts';
import { restoreDocument } from './restore-document.ts';
import { writeDurably } from './write-durably.ts';

export const MANIFEST_NAME = 'manifest.json';
export const RESTORE_DOCUMENT_NAME = 'RESTORE.md';

export interface SealStageOptions {
  plan: Plan;
  host: string;
  holdfastVersion: string;
  run: RunReference;
  /** By source id. */
  sources: ReadonlyMap<string, StagedSource>;
  /** Bytes by source id in the last good run; undefined before there was one. */
  lastSizes: Readonly<Record<string, number>> | undefined;
  /** Markdown by source id, for databases: how to get them back with the vendor's own tools, from inside the restored tree. */
  restoreInstructions: ReadonlyMap<string, string>;
}

export interface SealedStage {
  /** Of all regular files in the stage, manifest and RESTORE.md included: what restic will process. */
  bytes: number;
  files: number;
  /** Ids of sources that lost more than their `maxShrinkRatio` against the last good run. */
  shrunken: string[];
}

/**
 * Closes a stage: checks that each source of the plan is there, not empty, and as its dump left it, and that nothing else is;
 * then writes `manifest.json` and `RESTORE.md` (mode 0600). Safe to repeat.
 *
 * @throws {PhaseError} DumpRejected, naming what is missing, empty or foreign; DiskFull
 */
export async function sealStage(options: SealStageOptions, context: PhaseContext): Promise<SealedStage> {
  const { plan } = options;
  const staged = plan.sources.map((source) => [source, requireSource(options.sources, source)] as const);
  context.report({ phase: 'check' });
  const entries = (await Promise.all(staged.map(([, { facts, entries }]) => entriesOf(plan, facts, entries)))).flat();
  entries.sort((a, b) => (entryPath(a) < entryPath(b) ? -1 : 1));
  const documents = [MANIFEST_NAME, RESTORE_DOCUMENT_NAME];
  for (const name of documents) await rm(join(plan.stageDirectory, `${name}.partial`), { force: true });
  await checkStage(plan.stageDirectory, entries, { documents, signal: context.signal });

  context.report({ phase: 'seal' });
  const texts = [`${JSON.stringify(manifestOf(options, staged, entries), null, 2)}\n`, restoreDocument(options)];
  for (const [index, name] of documents.entries()) await writeDurably(join(plan.stageDirectory, name), texts[index] ?? '');
  const files = entries.filter(({ type }) => type === 'file');
  return {
    bytes: files.reduce((sum, { bytes = 0 }) => sum + bytes, 0) + texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    files: files.length + documents.length,
    shrunken: staged.flatMap(([source, { facts }]) =>
      hasShrunk(source, facts.bytes, options.lastSizes) ? [sourceId(source)] : [],
    ),
  };
}

function requireSource(sources: SealStageOptions['sources'], source: Source): StagedSource {
  const id = sourceId(source);
  const staged = sources.get(id);
  if (staged?.facts.kind !== source.kind) {
    throw new PhaseError(
      'DumpRejected',
      `source ${id} is missing from the stage: its dump did not finish. Start the backup again.`,
    );
  }
  if (isEmpty(source, staged)) {
    throw new PhaseError(
      'DumpRejected',
      `source ${id} is empty: a backup of nothing would push good ones out. Check that what it names still holds data.`,
    );
  }
  return staged;
}

/** A set of files whose paths may all be absent may be empty; links count, directories alone do not. */
function isEmpty(source: Source, { facts, entries }: StagedSource): boolean {
  if (source.kind !== 'files') return facts.bytes === 0;
  return source.paths.length > 0 && entries.every(({ type }) => type === 'directory');
}

function hasShrunk(source: Source, bytes: number, lastSizes: SealStageOptions['lastSizes']): boolean {
  const last = lastSizes?.[sourceId(source)] ?? 0;
  return last > 0 && (last - bytes) / last > source.maxShrinkRatio;
}

async function entriesOf(plan: Plan, facts: StagedSource['facts'], entries: ManifestEntry[]): Promise<ManifestEntry[]> {
  return facts.kind === 'files' || entries.length > 0 ? entries : [await dumpEntry(plan, facts)];
}

async function dumpEntry(plan: Plan, facts: DatabaseFacts): Promise<ManifestEntry> {
  // A dump of one file has it.
  const { bytes, sha256 = '' } = facts;
  try {
    const stat = await lstat(join(plan.stageDirectory, facts.path), { bigint: true });
    return manifestEntry(bytePath(facts.path), stat, { type: 'file', bytes, sha256 });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new PhaseError(
      'DumpRejected',
      `the dump ${facts.path} is missing from the stage ${plan.stageDirectory} (${code}). Nothing but Holdfast may write to it.`,
    );
  }
}

function manifestOf(
  { plan, host, holdfastVersion, run }: SealStageOptions,
  staged: readonly (readonly [Source, StagedSource])[],
  entries: ManifestEntry[],
): Manifest {
  return {
    version: 1,
    holdfast_version: holdfastVersion,
    plan: plan.name,
    host,
    workflow_id: run.workflowId,
    run_id: run.runId,
    started_at: run.startedAt,
    sources: Object.fromEntries(staged.map(([source, { facts }]) => [sourceId(source), facts])),
    entries,
  };
}
