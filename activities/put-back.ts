import type { PhaseResult } from '../contract/backup.ts';
import type { LoadDumpInput, PutBackInput, PutBackResult } from '../contract/restore.ts';
import { replayedPath } from './databases/chain/replayed-path.ts';
import { loadDump as loadDumpInto } from './databases/mysql/load.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';
import { allDatabases, configuredSource } from './restore/plan-restore.ts';
import { putBackFiles } from './restore/put-back-files.ts';
import { putBackSqlite } from './restore/put-back-sqlite.ts';
import { readManifest } from './restore/read-manifest.ts';
import { partialPath } from './restore/restore-place.ts';
import { restoredFile } from './restore/restored-file.ts';
import { type BytePath, displayPath } from './stage/byte-path.ts';

/** Names of what was put aside that travel; the rest is counted. */
const MAX_KEPT = 20;

/** Puts files or a SQLite database back where the plan has them from. Safe to repeat: it goes on where an attempt died. */
export async function putBack(
  deps: ActivityDependencies,
  { run, source: id }: PutBackInput,
  context: PhaseContext,
): Promise<Omit<PutBackResult, keyof PhaseResult>> {
  const plan = findPlan(deps.configuration, run.plan);
  const source = configuredSource(plan, id);
  const tree = partialPath(deps.configuration.restoreDirectory, run);
  const manifest = await readManifest(tree);
  const facts = manifest.sources[id];
  const common = { tree, run, programs: deps.programs };
  let kept: string[];
  if (source.kind === 'files') {
    kept = await putBackFiles({ ...common, source, manifest, databases: allDatabases(deps) }, context);
  } else if (source.kind === 'sqlite' && facts?.kind === 'sqlite') {
    kept = await putBackSqlite({ ...common, source, facts }, context);
  } else {
    throw new PhaseError('ConfigInvalid', `${id} cannot be put back in place.`);
  }
  return { bytes: facts?.bytes ?? 0, kept: list(kept) };
}

function list(kept: string[]): string[] {
  const shown = kept.slice(0, MAX_KEPT).map((path) => displayPath(path as BytePath));
  return kept.length > MAX_KEPT ? [...shown, `and ${kept.length - MAX_KEPT} more beside what replaced them`] : shown;
}

/** Loads a MySQL or MariaDB dump into its server. Safe to repeat: a dump drops each table before it makes it anew. */
export async function loadDump(
  deps: ActivityDependencies,
  { run, source: id, into }: LoadDumpInput,
  context: PhaseContext,
): Promise<Omit<PutBackResult, keyof PhaseResult>> {
  const source = configuredSource(findPlan(deps.configuration, run.plan), id);
  const tree = partialPath(deps.configuration.restoreDirectory, run);
  const facts = (await readManifest(tree)).sources[id];
  if (source.kind !== 'mysql' || facts?.kind !== 'mysql') throw new PhaseError('ConfigInvalid', `${id} cannot be loaded.`);
  const file = await restoredFile(tree, facts.chain === undefined ? facts.path : replayedPath(facts));
  await loadDumpInto(deps.programs, { source, into, facts, file }, context);
  return { bytes: facts.bytes, kept: [] };
}
