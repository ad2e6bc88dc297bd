/**
 * Every name that Temporal keeps: workflow types, task queues, ids and search attributes.
 *
 * All of them are wire format. A renamed workflow type strands the schedules and the runs in progress that use the old one.
 */

/** Workflow types, as `temporal workflow start --type` takes them. */
export const WORKFLOWS = {
  backup: 'backup',
  verifyRestore: 'verifyRestore',
  restore: 'restore',
  previewRestore: 'previewRestore',
  listFiles: 'listFiles',
  mountSnapshots: 'mountSnapshots',
  check: 'check',
  prune: 'prune',
  unlockRepository: 'unlockRepository',
  initRepository: 'initRepository',
  listSnapshots: 'listSnapshots',
  examineHost: 'examineHost',
} as const;

/** The only task queue of a host: workflows and activities, so that a stage never leaves its machine. */
export function taskQueueName(host: string): string {
  return `holdfast-${host}`;
}

/** Common start of the ids of all schedules of a host. */
export function schedulePrefix(host: string): string {
  return `holdfast/${host}/`;
}

/** Id of the schedule that starts the backup runs of a plan. */
export function backupScheduleId(host: string, plan: string): string {
  return `${schedulePrefix(host)}${plan}/backup`;
}

/**
 * Workflow id of the scheduled runs of a plan. Temporal appends the scheduled time, and the CLI its own suffix, so ids sort
 * by plan in the Web UI and are never the claim: that lies beside the stage.
 */
export function backupWorkflowId(host: string, plan: string): string {
  return `backup/${host}/${plan}`;
}

/** Id of the schedule that starts the drills of a plan. */
export function verifyScheduleId(host: string, plan: string): string {
  return `${schedulePrefix(host)}${plan}/verify`;
}

/** Workflow id of the scheduled drills of a plan, to which Temporal and the CLI append as they do to a backup's. */
export function verifyWorkflowId(host: string, plan: string): string {
  return `verify/${host}/${plan}`;
}

/** Start of the ids of the restores of a plan. */
export function restoreWorkflowId(host: string, plan: string): string {
  return `restore/${host}/${plan}`;
}

/** Id of the schedule that checks or prunes a repository. */
export function maintenanceScheduleId(host: string, repository: string, task: 'check' | 'prune'): string {
  return `${schedulePrefix(host)}repository/${repository}/${task}`;
}

/** Start of the ids of the checks or prunes of a repository. */
export function maintenanceWorkflowId(host: string, repository: string, task: 'check' | 'prune'): string {
  return `${task}/${host}/${repository}`;
}

/** Search attributes that make the Web UI's list readable; all of type Keyword (at most 255 characters). */
export const SEARCH_ATTRIBUTES = {
  plan: 'HoldfastPlan',
  host: 'HoldfastHost',
  outcome: 'HoldfastOutcome',
  snapshot: 'HoldfastSnapshot',
} as const;

/** Memo key that holds the {@link RunRecord} of a finished run. */
export const RUN_RECORD_MEMO = 'holdfast';

/** Query that returns the {@link RunRecord} of a run as it stands. */
export const RUN_RECORD_QUERY = 'run_record';
