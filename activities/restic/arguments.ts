import type { Retention } from '../../config/types.ts';

/** Tag that all snapshots of a plan carry: `forget` and `snapshots` go by it. */
export function planTag(plan: string): string {
  return `plan:${plan}`;
}

/** Tag that the one snapshot of a run carries. */
export function runTag(runId: string): string {
  return `run:${runId}`;
}

/** Flags of `restic forget` for a policy, in restic's own order (restic 0.19.1, `forget --help`). */
export function retentionArguments(retention: Retention): string[] {
  const flags: [string, string | number | undefined][] = [
    ['--keep-last', retention.keepLast],
    ['--keep-hourly', retention.keepHourly],
    ['--keep-daily', retention.keepDaily],
    ['--keep-weekly', retention.keepWeekly],
    ['--keep-monthly', retention.keepMonthly],
    ['--keep-yearly', retention.keepYearly],
    ['--keep-within', retention.keepWithin],
  ];
  return flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
}

/** `restic backup` of the current directory: run inside the stage, so that a restored tree starts there. */
export function backupArguments(options: { host: string; tags: readonly string[] }): string[] {
  return ['backup', '--json', '--host', options.host, ...options.tags.flatMap((tag) => ['--tag', tag]), '--', '.'];
}

/** `restic snapshots` of one host with all of the given tags. */
export function snapshotsArguments(options: { host: string; tags: readonly string[] }): string[] {
  // One --tag with commas means "all of them"; several --tag mean "any of them".
  return ['snapshots', '--json', '--host', options.host, '--tag', options.tags.join(',')];
}

/**
 * `restic forget --dry-run` for one plan of one host.
 *
 * It is always filtered by host and tag, and grouped by host alone: with restic's default grouping by paths a stage that once
 * lay elsewhere would keep its own full set for ever.
 */
export function forgetPreviewArguments(options: { host: string; plan: string; retention: Retention }): string[] {
  const filter = ['--host', options.host, '--tag', planTag(options.plan), '--group-by', 'host'];
  return ['forget', '--dry-run', '--json', ...filter, ...retentionArguments(options.retention)];
}

/** `restic restore` of one snapshot. `include` holds paths, not patterns: what restic would take for a pattern is escaped. */
export function restoreArguments(options: { snapshotId: string; target: string; include?: readonly string[] }): string[] {
  const include = (options.include ?? []).flatMap((path) => ['--include', `/${path.replaceAll(/[*?[\]\\]/g, '\\$&')}`]);
  return ['restore', '--json', '--target', options.target, ...include, '--', options.snapshotId];
}
