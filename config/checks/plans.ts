import { posix } from 'node:path';
import { entriesOf, namesOf, type Partially } from '../draft.ts';
import type { ConfigurationFinding } from '../finding.ts';
import { nearest } from '../nearest.ts';
import type { ConfigurationInput } from '../schema.ts';
import { type Check, eachPlan } from './check.ts';

type FilesDraft = Partially<NonNullable<ConfigurationInput['plans'][string]['sources']['files']>[string]>;

/** There is a plan, and each names a repository that exists. */
export const checkPlans: Check = (draft) => {
  const { plans, repositories } = draft.file;
  const known = namesOf(repositories);
  const none =
    plans !== undefined && namesOf(plans).length === 0 ? [{ path: ['plans'], message: 'has no plan; write at least one' }] : [];
  const unknown = entriesOf(plans).flatMap(([name, { repository }]) => {
    if (repository === undefined || repositories === undefined || known.includes(repository)) return [];
    return [{ path: ['plans', name, 'repository'], message: unknownName('repository', repository, known) }];
  });
  return [...none, ...unknown];
};

/** Words the problem of a name that nothing bears, with those that exist. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const suggestion = meant === undefined ? '' : `did you mean ${meant}? `;
  const existing = known.length === 0 ? 'There is none' : `There ${known.length === 1 ? 'is' : 'are'}: ${known.join(', ')}`;
  return `there is no ${what} "${name}"; ${suggestion}${existing}`;
}

/** A plan has a source, a files source has paths, and none of them is laid out twice. */
export const checkSources = eachPlan(({ sources }, plan, draft) => {
  if (sources === undefined) return [];
  const path = ['plans', plan, 'sources'];
  const names = [sources.files, sources.sqlite, sources.mysql].flatMap(namesOf);
  const none =
    names.length === 0 && !draft.isDoubtful(path)
      ? [{ path, message: 'names no source; write one under files, sqlite or mysql' }]
      : [];
  const files = entriesOf(sources.files).flatMap(([name, source]) => {
    const sourcePath = [...path, 'files', name];
    return [...checkAnyPath(source, sourcePath, draft.isDoubtful(sourcePath)), ...checkStagePaths(source, sourcePath)];
  });
  return [...none, ...files];
});

function checkAnyPath(source: FilesDraft, path: string[], isDoubtful: boolean): ConfigurationFinding[] {
  const count = (source.paths?.length ?? 0) + (source.optional_paths?.length ?? 0);
  return count === 0 && !isDoubtful ? [{ path, message: 'names no path; write paths, or "." for all of base' }] : [];
}

/** Two entries that come to the same path would be laid out at one place in the stage. */
function checkStagePaths(source: FilesDraft, path: string[]): ConfigurationFinding[] {
  const seen = new Map<string, string>();
  return (['paths', 'optional_paths'] as const).flatMap((key) =>
    (source[key] ?? []).flatMap((entry, index) => {
      if (entry === undefined) return [];
      const place = normalizeRelative(entry);
      const first = seen.get(place);
      if (first === undefined) seen.set(place, `${key}[${index}]`);
      return first === undefined
        ? []
        : [{ path: [...path, key, index], message: `"${place}" has the same path in the stage as ${first}; remove one` }];
    }),
  );
}

/** `./a//b/` is `a/b`. */
function normalizeRelative(path: string): string {
  return posix.join(path, '.').replace(/(.)\/$/, '$1');
}

/** A retention with no rule would forget every snapshot. */
export const checkRetention = eachPlan(({ retention }, plan, draft) => {
  const path = ['plans', plan, 'retention'];
  if (retention === undefined || draft.isDoubtful(path)) return [];
  if (Object.values(retention).some(isRule)) return [];
  return [{ path, message: 'keeps nothing; set at least one of keep_last, keep_daily, keep_weekly … above 0' }];
});

/** 0 and `0d` are no rules to restic. */
function isRule(value: string | number | undefined): boolean {
  return typeof value === 'string' ? /[1-9]/.test(value) : (value ?? 0) > 0;
}
