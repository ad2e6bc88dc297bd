import { expect, test } from '@jest/globals';
import { dueNotifications } from '../../../activities/notifications/due.ts';
import { messageDocument, messageText } from '../../../activities/notifications/message.ts';
import type { Notification } from '../../../config/types.ts';
import type { RunRecord } from '../../../contract/backup.ts';

const FAILED: RunRecord = {
  plan: 'tracker',
  host: 'tracker-1',
  workflowId: 'w',
  runId: 'r',
  outcome: 'failed',
  startedAt: '2026-11-23T03:00:00.000Z',
  finishedAt: '2026-11-23T03:01:00.000Z',
  phases: [],
  warnings: ['a file vanished'],
  failure: { type: 'SourceUnavailable', message: 'mysql:3306 does not answer', phase: 'openRun' },
};
const on = (...outcomes: Notification['on']): Notification => ({ on: outcomes, format: 'json', target: { command: ['tell'] } });

test('whoever asked for the outcome is told, by position', () => {
  const receivers = [on('succeeded'), on('failed', 'partial'), on('failed')];
  expect(dueNotifications(receivers, FAILED)).toEqual([1, 2]);
  expect(dueNotifications(receivers, { ...FAILED, outcome: 'succeeded' })).toEqual([0]);
  expect(dueNotifications(receivers, { ...FAILED, outcome: 'running' })).toEqual([]);
});

test('a run that was refused because another is in progress is no news', () => {
  const failure = { type: 'PlanBusy', message: 'busy', phase: 'openRun' };
  expect(dueNotifications([on('failed')], { ...FAILED, failure })).toEqual([]);
});

test('a person reads what failed, where and why; Slack and Discord find their own fields', () => {
  const text =
    'Backup of tracker on tracker-1: failed.\nopenRun: SourceUnavailable: mysql:3306 does not answer\nWarning: a file vanished';
  expect(messageText(FAILED)).toBe(text);
  expect(messageDocument(FAILED)).toMatchObject({ text, content: text, outcome: 'failed', snapshot_id: null });
});

test('a drill is told from a backup', () => {
  const drill = { checks: [] };
  expect(messageText({ ...FAILED, outcome: 'partial', drill })).toMatch(/^Drill of tracker on tracker-1: degraded\./);
  expect(messageDocument({ ...FAILED, drill })).toMatchObject({ kind: 'drill' });
  expect(messageDocument(FAILED)).toMatchObject({ kind: 'backup' });
});

test('a check is told of as one of a repository, and of no plan', () => {
  const failure = { type: 'RepositoryDamaged', message: 'repository main is damaged', phase: 'checkRepository' };
  const record: RunRecord = { ...FAILED, plan: 'main', maintained: { task: 'check', repository: 'main' }, failure };
  expect(messageText(record)).toContain('Check of repository main on tracker-1: failed.');
  expect(messageDocument(record)).toMatchObject({ repository: 'main', outcome: 'failed' });
  expect(messageDocument(record)).not.toHaveProperty('plan');
});
