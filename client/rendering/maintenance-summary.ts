import type { RunRecord } from '../../contract/backup.ts';
import type { MaintenanceTask } from '../../contract/maintenance.ts';
import type { Palette } from './palette.ts';
import { formatBytes } from './quantities.ts';
import { renderSummary, type SummaryParts } from './run-summary.ts';

/** Everything worth knowing of a check or prune that has ended, as lines. */
export function renderMaintenanceSummary(task: MaintenanceTask, record: RunRecord, palette: Palette): string[] {
  const title = `${task === 'check' ? 'Check' : 'Prune'} of repository ${record.plan}`;
  return renderSummary(record, palette, { title, results: results(record), next: nextSteps(task, record) });
}

function results({ maintained, workflowId }: RunRecord): SummaryParts['results'] {
  const { check, prune } = maintained ?? {};
  return [
    ['data read', check?.dataRead],
    ['freed', prune && formatBytes(prune.bytesFreed)],
    ['remaining', prune && formatBytes(prune.bytesRemaining)],
    ['unused', prune && formatBytes(prune.bytesUnused)],
    ['run', workflowId],
  ];
}

function nextSteps(task: MaintenanceTask, record: RunRecord): string[] {
  const { plan: repository, outcome, workflowId } = record;
  switch (outcome) {
    case 'succeeded':
      return afterSuccess(task, record);
    case 'running':
      return [`follow or cancel it: the Web UI, or temporal workflow show --follow -w ${workflowId}`];
    case 'cancelled':
      return [`start again: holdfast ${task} ${repository}`];
    case 'partial':
    case 'failed':
      return [afterFailure(record)];
  }
}

function afterSuccess(task: MaintenanceTask, { plan: repository, maintained }: RunRecord): string[] {
  const hasUnread = task === 'check' && maintained?.check?.dataRead !== 'all';
  const hasUnneeded = maintained?.check?.suggestsPrune === true;
  return [
    ...(hasUnread ? [`read all of its data too, which takes long: holdfast check ${repository} --read-data`] : []),
    ...(hasUnneeded ? [`remove what no snapshot needs: holdfast prune ${repository}`] : []),
  ];
}

function afterFailure({ plan: repository, failure }: RunRecord): string {
  if (failure?.type === 'RepositoryLocked') return `see who holds the lock: holdfast unlock ${repository}`;
  if (failure?.type === 'RepositoryDamaged')
    return 'how to repair it: https://restic.readthedocs.io/en/stable/077_troubleshooting.html';
  return 'look for the cause: holdfast doctor';
}
