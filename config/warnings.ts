import { nextWallTime } from './cron.ts';
import type { ConfigurationProblem } from './error.ts';
import { clockChanges } from './time-zone.ts';
import type { Configuration, Repository, Schedule } from './types.ts';

/** What works but will surprise: each with its path, and without lines, for the file is no longer at hand. */
export function configurationWarnings(configuration: Configuration, now: Date = new Date()): ConfigurationProblem[] {
  const repositories = [...configuration.repositories.values()];
  return [
    ...schedulesOf(configuration).flatMap(([path, schedule]) => clockWarnings(path, schedule, now)),
    ...repositories.flatMap((repository) => pruneWarnings(repository, configuration)),
  ];
}

function schedulesOf({ repositories, plans }: Configuration): [string, Schedule][] {
  const all: [string, Schedule | undefined][] = [
    ...[...repositories.values()].flatMap(({ name, check, prune }): [string, Schedule | undefined][] => [
      [`repositories.${name}.check.schedule`, check?.schedule],
      [`repositories.${name}.prune.schedule`, prune?.schedule],
    ]),
    ...[...plans.values()].flatMap(({ name, schedule, verification }): [string, Schedule | undefined][] => [
      [`plans.${name}.schedule`, schedule],
      [`plans.${name}.verification.schedule`, verification?.schedule],
    ]),
  ];
  return all.filter((entry): entry is [string, Schedule] => entry[1] !== undefined);
}

/** Temporal skips a start at a time that does not exist and starts twice at one that comes twice. */
function clockWarnings(path: string, { cron, timezone }: Schedule, now: Date): ConfigurationProblem[] {
  return clockChanges(timezone, now.getTime()).flatMap(({ kind, wallStart, wallEnd }) => {
    const wall = nextWallTime(cron, wallStart);
    if (wall === undefined || wall >= wallEnd) return [];
    const time = new Date(wall).toISOString().slice(0, 16).replace('T', ' ');
    const effect = kind === 'skipped' ? 'does not exist, so that the run is left out' : 'comes twice, and so does the run';
    const message = `${time} ${effect}: the clocks of ${timezone} change; use timezone UTC or another hour`;
    return [{ path, message }];
  });
}

function pruneWarnings({ name, prune }: Repository, { plans }: Configuration): ConfigurationProblem[] {
  const forgets = [...plans.values()].some((plan) => plan.repository.name === name && plan.retention !== undefined);
  if (!forgets || prune !== undefined) return [];
  const message =
    'snapshots are forgotten but their data is never removed, so that the repository only grows; add prune with a schedule';
  return [{ path: `repositories.${name}`, message }];
}
