import type { Configuration, Plan, Repository, Schedule } from '../../config/types.ts';

const REPOSITORY: Repository = {
  name: 'main',
  location: '/srv/restic',
  password: { kind: 'env', name: 'RESTIC_PASSWORD' },
  environment: {},
  options: [],
  uploadLimit: undefined,
  downloadLimit: undefined,
  check: undefined,
  prune: undefined,
};

/** A schedule at three each night, with what a test wants different in it. */
export function nightly(changes: Partial<Schedule> = {}): Schedule {
  return { cron: '0 3 * * *', timezone: 'UTC', jitterMs: 300_000, catchUpWithinMs: 43_200_000, overlap: 'skip', ...changes };
}

/** A plan with one SQLite source and a nightly schedule. */
export function plan(name: string, changes: Partial<Plan> = {}): Plan {
  return {
    name,
    repository: REPOSITORY,
    schedule: nightly(),
    tags: [],
    sources: [
      { kind: 'sqlite', name: 'main', path: '/data/main.db', method: 'auto', allowWriterStall: false, maxShrinkRatio: 0.5 },
    ],
    archive: undefined,
    retention: undefined,
    verification: undefined,
    hooks: undefined,
    deadlineMs: 21_600_000,
    maxAgeMs: undefined,
    stageDirectory: `/var/lib/holdfast/staging/${name}`,
    stateDirectory: `/var/lib/holdfast/state/plans/${name}`,
    ...changes,
  };
}

/** The configuration of a host with these plans. */
export function configurationOf(host: string, ...plans: Plan[]): Configuration {
  return {
    file: '/etc/holdfast/holdfast.yaml',
    host,
    stagingDirectory: '/var/lib/holdfast/staging',
    stateDirectory: '/var/lib/holdfast/state',
    restoreDirectory: '/var/lib/holdfast/restore',
    maxParallelRuns: 1,
    maxParallelDumps: 2,
    repositories: new Map([[REPOSITORY.name, REPOSITORY]]),
    noProgressTimeoutMs: 900_000,
    priority: undefined,
    plans: new Map(plans.map((each) => [each.name, each])),
    notifications: [],
  };
}
