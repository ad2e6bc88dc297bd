import { posix } from 'node:path';
import { resolveSecret } from './resolve-secret.ts';
import { resolveScratchMysql, resolveSources } from './resolve-sources.ts';
import type { HooksFile } from './schema/hooks.ts';
import type { LimitFile } from './schema/limit.ts';
import type { NotificationFile } from './schema/notification.ts';
import type { PlanFile, RetentionFile } from './schema/plan.ts';
import type { PriorityFile } from './schema/priority.ts';
import type { RepositoryFile } from './schema/repository.ts';
import type { ScheduleFile } from './schema/schedule.ts';
import type { VerificationFile } from './schema/verification.ts';
import type { ConfigurationFile } from './schema.ts';
import type {
  Configuration,
  Hooks,
  Notification,
  Plan,
  Priority,
  Repository,
  Retention,
  Schedule,
  TransferLimit,
  Verification,
  VerificationQuery,
} from './types.ts';

/** Turns the file's shape into the domain's. `parsed` must have passed the schema and all checks. */
export function resolveConfiguration(parsed: ConfigurationFile, file: string): Configuration {
  const repositories = new Map(
    Object.entries(parsed.repositories).map(([name, repository]) => [name, resolveRepository(name, repository)]),
  );
  const directories = {
    stagingDirectory: posix.resolve(parsed.staging_directory),
    stateDirectory: posix.resolve(parsed.state_directory),
    restoreDirectory: posix.resolve(parsed.restore_directory),
  };
  const plans = new Map(
    Object.entries(parsed.plans).map(([name, plan]) => {
      const repository = repositories.get(plan.repository);
      if (repository === undefined) throw new TypeError(`plan ${name}: the checks let an unknown repository pass`);
      const stageDirectory = posix.join(directories.stagingDirectory, name);
      const stateDirectory = posix.join(directories.stateDirectory, 'plans', name);
      const ofPlan = { stageDirectory, stateDirectory };
      return [name, { name, repository, ...resolvePlan(plan, ofPlan), ...ofPlan }];
    }),
  );
  return {
    file,
    host: parsed.host,
    ...directories,
    maxParallelRuns: parsed.max_parallel_runs,
    maxParallelDumps: parsed.max_parallel_dumps,
    noProgressTimeoutMs: parsed.no_progress_timeout,
    priority: parsed.priority && resolvePriority(parsed.priority),
    repositories,
    plans,
    notifications: parsed.notifications.map(resolveNotification),
  };
}

function resolveNotification({ on, url, format, command }: NotificationFile): Notification {
  return { on, format, target: url === undefined ? { command: command ?? [] } : { url: resolveSecret(url) } };
}

function resolveRepository(name: string, repository: RepositoryFile): Repository {
  const environment = Object.entries(repository.environment).map(([variable, value]) => [
    variable,
    typeof value === 'string' ? value : resolveSecret(value),
  ]);
  return {
    name,
    location: repository.location,
    password: resolveSecret(repository.password),
    environment: Object.fromEntries(environment) as Repository['environment'],
    options: repository.options,
    uploadLimit: resolveLimit(repository.upload_limit),
    downloadLimit: resolveLimit(repository.download_limit),
    check: resolveCheck(repository.check),
    prune: repository.prune && {
      schedule: resolveSchedule(repository.prune.schedule),
      deadlineMs: repository.prune.deadline,
    },
  };
}

function resolveLimit(limit: LimitFile | undefined): TransferLimit | undefined {
  if (limit === undefined) return undefined;
  if (typeof limit !== 'object') return { default: limit, timezone: 'UTC', windows: [] };
  const windows = limit.windows.map((window) => ({ fromMinute: window.from, toMinute: window.to, rate: window.limit }));
  return { default: limit.default, timezone: limit.timezone, windows };
}

function resolvePriority({ nice, io }: PriorityFile): Priority {
  return { nice, io: typeof io === 'object' ? { bestEffort: io.best_effort } : io };
}

function resolveCheck(check: RepositoryFile['check']): Repository['check'] {
  if (check === undefined) return undefined;
  const total = check.read_data_subset?.replace(/^1\//, '');
  return {
    schedule: resolveSchedule(check.schedule),
    deadlineMs: check.deadline,
    readDataSubset: total === undefined ? undefined : { total: Number(total) },
  };
}

function resolveSchedule(schedule: ScheduleFile): Schedule {
  return {
    cron: schedule.cron,
    timezone: schedule.timezone,
    jitterMs: schedule.jitter,
    catchUpWithinMs: schedule.catch_up_within,
    overlap: schedule.overlap,
  };
}

function resolvePlan(
  plan: PlanFile,
  directories: Pick<Plan, 'stageDirectory' | 'stateDirectory'>,
): Omit<Plan, 'name' | 'repository' | keyof typeof directories> {
  const { archive } = plan;
  return {
    schedule: plan.schedule && resolveSchedule(plan.schedule),
    tags: plan.tags,
    sources: resolveSources(plan.sources, directories),
    archive: archive && {
      directory: posix.resolve(archive.directory),
      format: archive.format,
      keepDays: archive.keep_days,
      keepAtLeast: archive.keep_at_least,
    },
    retention: plan.retention && resolveRetention(plan.retention),
    verification: plan.verification && resolveVerification(plan.verification),
    hooks: plan.hooks && resolveHooks(plan.hooks, plan.deadline),
    deadlineMs: plan.deadline,
    maxAgeMs: plan.max_age,
  };
}

/** Of `max_stopped` when it is left out. It has no default in the schema, where it stands beside both hooks alone. */
const MAX_STOPPED_MS = 30 * 60 * 1000;

function resolveHooks({ before_dump, after_dump, state, timeout, max_stopped }: HooksFile, deadlineMs: number): Hooks {
  const isStopped = before_dump !== undefined && after_dump !== undefined;
  return {
    beforeDump: before_dump ?? [],
    afterDump: after_dump ?? [],
    state,
    timeoutMs: timeout,
    maxStoppedMs: isStopped ? (max_stopped ?? MAX_STOPPED_MS) : deadlineMs,
  };
}

/** A rule of 0 is no rule: restic takes it so too. */
function resolveRetention(retention: RetentionFile): Retention {
  const rules = {
    keepLast: retention.keep_last,
    keepHourly: retention.keep_hourly,
    keepDaily: retention.keep_daily,
    keepWeekly: retention.keep_weekly,
    keepMonthly: retention.keep_monthly,
    keepYearly: retention.keep_yearly,
    keepWithin: retention.keep_within,
  };
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined && value !== 0));
}

function resolveVerification(verification: VerificationFile): Verification {
  return {
    schedule: resolveSchedule(verification.schedule),
    scratchMysql: verification.scratch.mysql && resolveScratchMysql(verification.scratch.mysql),
    requiredFiles: verification.required_files.map((path) => posix.normalize(path)),
    queries: verification.queries.map(resolveQuery),
  };
}

function resolveQuery({
  sqlite,
  mysql,
  sql,
  equals,
  at_least,
  at_most,
  not_empty,
}: VerificationFile['queries'][number]): VerificationQuery {
  return {
    source: sqlite === undefined ? { kind: 'mysql', name: mysql ?? '' } : { kind: 'sqlite', name: sqlite },
    sql,
    ...(equals === undefined ? {} : { equals }),
    ...(at_least === undefined ? {} : { atLeast: at_least }),
    ...(at_most === undefined ? {} : { atMost: at_most }),
    ...(not_empty === undefined ? {} : { notEmpty: not_empty }),
  };
}
