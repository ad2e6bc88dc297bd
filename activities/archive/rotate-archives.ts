import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Archive } from '../../config/types.ts';
import { standsApart } from '../clock.ts';
import { PhaseError } from '../phase-error.ts';
import { parseArchiveName } from './archive-name.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Chooses the archives to remove: older than `keepDays`, but never one of the `keepAtLeast` newest, so that a week of failing
 * runs leaves the last good ones.
 *
 * The age is that in the name: a copied or restored archive has another modification time. Foreign names are never chosen.
 */
export function selectExpiredArchives(
  names: readonly string[],
  options: { plan: string; now: Date; keepDays: number; keepAtLeast: number },
): string[] {
  const oldestMs = options.now.getTime() - options.keepDays * DAY_MS;
  return names
    .flatMap((name) => parseArchiveName(name, options.plan) ?? [])
    .sort((a, b) => b.startedAtMs - a.startedAtMs)
    .slice(options.keepAtLeast)
    .filter(({ startedAtMs }) => startedAtMs < oldestMs)
    .map(({ name }) => name);
}

/**
 * Removes the expired archives of a plan. Safe to repeat.
 *
 * Removes none when it is doubtful what time it is: for `doubt`, or because the newest archive stands apart from all others and
 * all of those look expired at once. That is what a clock that jumped forward looks like; after a long pause of the plan the
 * next run removes them.
 *
 * @returns `doubt`: why nothing was removed, where something would have been
 */
export async function rotateArchives(
  archive: Archive,
  plan: string,
  { now, doubt }: { now: Date; doubt?: string | undefined },
): Promise<{ kept: number; removed: number; doubt?: string }> {
  const names = (await fileNames(archive.directory)).filter((name) => parseArchiveName(name, plan) !== undefined);
  const expired = selectExpiredArchives(names, { plan, now, keepDays: archive.keepDays, keepAtLeast: archive.keepAtLeast });
  const why = expired.length === 0 ? undefined : (doubt ?? doubtNewest(names, plan, { now, keepDays: archive.keepDays }));
  if (why !== undefined) return { kept: names.length, removed: 0, doubt: why };
  for (const name of expired) await rm(join(archive.directory, name), { force: true });
  return { kept: names.length - expired.length, removed: expired.length };
}

function doubtNewest(
  names: readonly string[],
  plan: string,
  { now, keepDays }: { now: Date; keepDays: number },
): string | undefined {
  const times = names.flatMap((name) => parseArchiveName(name, plan)?.startedAtMs ?? []).sort((a, b) => b - a);
  const previous = times[1];
  if (previous === undefined || previous >= now.getTime() - keepDays * DAY_MS || !standsApart(times)) return undefined;
  return (
    `all but the newest look older than ${keepDays} days at once, the next one being of ${new Date(previous).toISOString()}. ` +
    'Did a clock jump? If the plan just stood still for long, its next run removes them'
  );
}

/** Directories and links are nobody's archives. */
async function fileNames(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new PhaseError('StorageUnavailable', `the archive directory ${directory} is not there any more. Is its disk mounted?`);
  }
}
