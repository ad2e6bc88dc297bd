import type { MysqlSource, Plan } from '../../config/types.ts';
import { type SourceReference, sourceId } from '../../contract/backup.ts';
import type { Overwrite, RestorePlan } from '../../contract/restore.ts';
import { describeAddress } from '../databases/mysql/address.ts';
import { examineLoadTarget } from '../databases/mysql/load.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { displayName } from '../input/display.ts';
import { findPlan } from '../open-run.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { bytePath, displayPath } from '../stage/byte-path.ts';
import type { Manifest } from '../stage/manifest.ts';
import { DOCUMENTS, fetchPaths } from './fetch.ts';
import { findBackup } from './find-backup.ts';
import { requireUnused } from './open-holders.ts';
import { parseRestoreInput, type RestoreRequest } from './parse-restore-input.ts';
import { filesInTheWay } from './put-back-files.ts';
import { databasePath } from './put-back-sqlite.ts';
import { readManifest, requireOwn } from './read-manifest.ts';
import { entriesOfFile } from './source-entries.ts';
import { kindAt } from './swap.ts';

/** Everything that is decided before a restore touches anything but its own place. */
export interface PlannedRestore extends RestorePlan {
  request: RestoreRequest;
  configured: Plan;
  manifest: Manifest;
  /** Source ids. */
  sources: string[];
  inPlace: string[];
  load: { source: string; into: string } | undefined;
}

/** More than anybody reads; the rest is counted. */
const MAX_OVERWRITES = 50;

/**
 * Judges what was asked for, finds the backup, reads its manifest, and says what of what is in use would be overwritten.
 *
 * @param makePlace makes an empty directory, once it is known what goes there; the manifest lies in it afterwards
 * @throws {PhaseError} ConfigInvalid; SourceUnavailable when a database to replace is open somewhere; what fetching ends with
 */
export async function planRestore(
  deps: ActivityDependencies,
  { input, makePlace }: { input: unknown; makePlace: () => Promise<string> },
  context: PhaseContext,
): Promise<PlannedRestore> {
  const request = parseRestoreInput(input);
  const configured = findPlan(deps.configuration, request.plan);
  context.report({ phase: `look for the ${request.from === 'archive' ? 'archive' : 'snapshot'}` });
  const { origin, time } = await findBackup(deps, configured, request, context);
  const place = await makePlace();
  await fetchPaths(deps, { plan: configured, origin, target: place, paths: DOCUMENTS }, context);
  const manifest = await readManifest(place);
  requireOwn(manifest, deps.configuration.host, configured.name);
  const sources = chooseSources(request, manifest);
  const inPlace = request.in_place === true ? sources.filter((id) => !id.startsWith('mysql/')) : [];
  const load = request.load === undefined ? undefined : chooseLoad(request, configured, manifest);
  context.report({ phase: 'look what is in the way' });
  const overwrites = [
    ...(await Promise.all(inPlace.map((id) => inTheWay(deps, { configured, manifest, id })))).flat(),
    ...(load === undefined ? [] : await loadedOver(deps, { configured, manifest, ...load }, context)),
  ];
  return {
    plan: configured.name,
    host: deps.configuration.host,
    origin,
    time,
    overwrites,
    request,
    configured,
    manifest,
    sources,
    inPlace,
    load,
  };
}

function chooseSources({ only, load, file }: RestoreRequest, manifest: Manifest): string[] {
  const known = Object.keys(manifest.sources);
  const wanted = load === undefined ? (only ?? known) : [load];
  const unknown = wanted.filter((id) => !known.includes(id));
  if (unknown.length > 0) {
    throw new PhaseError('ConfigInvalid', `that backup holds no ${unknown.join(', ')}; it holds: ${known.join(', ')}.`);
  }
  if (file === undefined) return [...new Set(wanted)];
  if (entriesOfFile(manifest, file).length === 0) {
    throw new PhaseError('ConfigInvalid', `that backup holds no file ${displayName(file)}. \`holdfast ls\` lists what it holds.`);
  }
  return [];
}

function chooseLoad({ load = '', into }: RestoreRequest, plan: Plan, manifest: Manifest): { source: string; into: string } {
  const source = configuredSource(plan, load);
  const facts = manifest.sources[load];
  if (source.kind === 'mysql' && facts?.kind === 'mysql') return { source: load, into: into ?? source.database };
  throw new PhaseError('ConfigInvalid', `${load} is no MySQL database, and load takes no other. Use in_place for it.`);
}

/** The plan's own source of that id. @throws {PhaseError} ConfigInvalid when the plan has it no more */
export function configuredSource(plan: Plan, id: string): Plan['sources'][number] {
  const source = plan.sources.find((candidate: SourceReference) => sourceId(candidate) === id);
  if (source !== undefined) return source;
  throw new PhaseError(
    'ConfigInvalid',
    `plan ${plan.name} has no source ${id} any more, so nothing says where it goes. Restore without in_place, or put it into holdfast.yaml.`,
  );
}

async function inTheWay(
  deps: ActivityDependencies,
  { configured, manifest, id }: { configured: Plan; manifest: Manifest; id: string },
): Promise<Overwrite[]> {
  const source = configuredSource(configured, id);
  if (source.kind === 'files') {
    const found = await filesInTheWay({ source, manifest, databases: allDatabases(deps) });
    const how = 'kept beside it as .before-…';
    const listed = found.slice(0, MAX_OVERWRITES).map((path) => ({ source: id, what: displayPath(path), how }));
    const rest = found.length - listed.length;
    return rest === 0 ? listed : [...listed, { source: id, what: `and ${rest} more below ${source.base}`, how }];
  }
  if (source.kind === 'mysql') return [];
  const path = await databasePath(source);
  await requireUnused(id, path);
  const isThere = (await kindAt(bytePath(path))) !== 'none';
  return isThere ? [{ source: id, what: path, how: 'kept beside it as .before-…' }] : [];
}

/** Paths of all SQLite databases that any plan names. */
export function allDatabases({ configuration }: ActivityDependencies): string[] {
  return [...configuration.plans.values()].flatMap(({ sources }) =>
    sources.flatMap((source) => (source.kind === 'sqlite' ? [source.path] : [])),
  );
}

async function loadedOver(
  deps: ActivityDependencies,
  { configured, manifest, source: id, into }: { configured: Plan; manifest: Manifest; source: string; into: string },
  context: PhaseContext,
): Promise<Overwrite[]> {
  const source = configuredSource(configured, id) as MysqlSource;
  const facts = manifest.sources[id];
  if (facts?.kind !== 'mysql') return [];
  const { tables } = await examineLoadTarget(deps.programs, { source, into, facts }, context);
  if (tables === 0) return [];
  const what = `database ${into} on ${describeAddress(source)}, with ${tables} tables`;
  return [{ source: id, what, how: 'tables of the same names are replaced and NOT kept' }];
}
