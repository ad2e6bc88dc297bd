/**
 * The schedules that `holdfast.yaml` asks for, and the steps from what Temporal has to that.
 * Never here: a schedule that starts anything but a workflow by its name, or one whose policies are left to a default.
 */
import type { ScheduleUpdateOptions } from '@temporalio/client';
import type { Configuration, Repository, Schedule } from '../../config/types.ts';
import type { BackupInput } from '../../contract/backup.ts';
import type { CheckInput, PruneInput } from '../../contract/maintenance.ts';
import {
  backupScheduleId,
  backupWorkflowId,
  maintenanceScheduleId,
  maintenanceWorkflowId,
  taskQueueName,
  verifyScheduleId,
  verifyWorkflowId,
  WORKFLOWS,
} from '../../contract/names.ts';
import type { VerifyInput } from '../../contract/verify.ts';
import { hashSchedule } from './hash.ts';

/** What a schedule starts, and when: one entry of the list that {@link desiredSchedules} makes. */
interface ScheduledWork {
  id: string;
  schedule: Schedule;
  workflowType: string;
  workflowId: string;
  input: unknown;
  summary: string;
}

/** Everything of a schedule but its state, which belongs to the operator. */
export type ScheduleDefinition = Omit<ScheduleUpdateOptions, 'state'>;

export interface DesiredSchedule {
  id: string;
  definition: ScheduleDefinition;
  /** {@link hashSchedule} of the definition, kept in its action's memo. */
  hash: string;
}

/** Key of the action's memo that holds the hash. Temporal lets a schedule's own memo be set at its creation only. */
export const HASH_MEMO = 'holdfastSchedule';

/** Overlap policies as Temporal calls them. */
const OVERLAPS = { skip: 'SKIP', buffer_one: 'BUFFER_ONE' } as const satisfies Record<Schedule['overlap'], string>;

/** All schedules of the host of a configuration, by id. */
export function desiredSchedules(configuration: Configuration): DesiredSchedule[] {
  return scheduledWork(configuration)
    .map((work) => toDesired(work, configuration.host))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** One block for each kind of schedule. */
function scheduledWork({ host, plans, repositories }: Configuration): ScheduledWork[] {
  const backups = [...plans.values()].flatMap(({ name: plan, schedule }): ScheduledWork[] =>
    schedule === undefined
      ? []
      : [
          {
            id: backupScheduleId(host, plan),
            schedule,
            workflowType: WORKFLOWS.backup,
            workflowId: backupWorkflowId(host, plan),
            input: { plan } satisfies BackupInput,
            summary: `Backup of ${plan} on ${host}`,
          },
        ],
  );
  const drills = [...plans.values()].flatMap(({ name: plan, verification }): ScheduledWork[] =>
    verification === undefined
      ? []
      : [
          {
            id: verifyScheduleId(host, plan),
            schedule: verification.schedule,
            workflowType: WORKFLOWS.verifyRestore,
            workflowId: verifyWorkflowId(host, plan),
            input: { plan } satisfies VerifyInput,
            summary: `Drill of ${plan} on ${host}`,
          },
        ],
  );
  const maintenance = [...repositories.values()].flatMap((repository) => maintenanceWork(host, repository));
  return [...backups, ...drills, ...maintenance];
}

function maintenanceWork(host: string, { name: repository, ...tasks }: Repository): ScheduledWork[] {
  const titles = { check: 'Check', prune: 'Prune' } as const;
  return (['check', 'prune'] as const).flatMap((task): ScheduledWork[] => {
    const settings = tasks[task];
    if (settings === undefined) return [];
    return [
      {
        id: maintenanceScheduleId(host, repository, task),
        schedule: settings.schedule,
        workflowType: WORKFLOWS[task],
        workflowId: maintenanceWorkflowId(host, repository, task),
        input: { repository } satisfies CheckInput & PruneInput,
        summary: `${titles[task]} of repository ${repository} on ${host}`,
      },
    ];
  });
}

function toDesired(work: ScheduledWork, host: string): DesiredSchedule {
  const { cron, timezone, jitterMs, catchUpWithinMs, overlap } = work.schedule;
  const definition = {
    spec: { cronExpressions: [`${cron} # ${scheduleComment(cron)}`], timezone, jitter: jitterMs },
    policies: { overlap: OVERLAPS[overlap], catchupWindow: catchUpWithinMs, pauseOnFailure: false },
    action: {
      type: 'startWorkflow',
      workflowType: work.workflowType,
      workflowId: work.workflowId,
      taskQueue: taskQueueName(host),
      args: [work.input],
      staticSummary: work.summary,
    },
  } as const satisfies ScheduleDefinition;
  const hash = hashSchedule({ id: work.id, ...definition });
  return { id: work.id, hash, definition: { ...definition, action: { ...definition.action, memo: { [HASH_MEMO]: hash } } } };
}

/**
 * Comment that travels in the schedule's calendar. The server keeps a cron expression as a calendar, which cannot be compared
 * with what was sent; but it keeps the comment, and whoever edits the times by hand loses it (measured on server 1.32).
 */
export function scheduleComment(cron: string): string {
  return `holdfast.yaml: ${cron}`;
}
