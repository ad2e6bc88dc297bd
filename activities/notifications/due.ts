import type { Notification } from '../../config/types.ts';
import type { RunRecord } from '../../contract/backup.ts';

/** Positions of the notifications that want to hear of a run. One that was refused because another is in progress is no news. */
export function dueNotifications(notifications: readonly Notification[], record: RunRecord): number[] {
  const { outcome } = record;
  if (outcome === 'running' || record.failure?.type === 'PlanBusy') return [];
  return notifications.flatMap(({ on }, index) => (on.includes(outcome) ? [index] : []));
}
