import { expect, test } from '@jest/globals';
import { isRunOfPlan } from '../../../../client/runs/list-runs.ts';
import { toRunDocument } from '../../../../client/runs/run-document.ts';
import { emptyRecord, type RunExecution, readRunRecord, recordOfExecution } from '../../../../client/runs/run-record.ts';
import { manualWorkflowId } from '../../../../client/runs/start-run.ts';
import { RUN_RECORD_MEMO } from '../../../../contract/names.ts';
import { openPhase, runRecord } from '../../../support/run-records.ts';

const KNOWN = emptyRecord({ plan: 'tracker', host: 'h', workflowId: 'w', runId: 'r', startedAt: '2026-11-23T03:00:00.000Z' });

function execution(name: RunExecution['status']['name'], changes: Partial<RunExecution> = {}): RunExecution {
  return {
    workflowId: 'w',
    runId: 'r',
    startTime: new Date('2026-11-23T03:00:00.000Z'),
    closeTime: new Date('2026-11-23T03:00:09.000Z'),
    status: { name },
    ...changes,
  };
}

test('the memo of a finished run is its record', () => {
  const record = runRecord({ outcome: 'partial' });
  expect(recordOfExecution(execution('COMPLETED', { memo: { [RUN_RECORD_MEMO]: record } }), KNOWN)).toEqual(record);
});

test.each([
  ['CANCELLED', 'cancelled'],
  ['TERMINATED', 'failed'],
  ['TIMED_OUT', 'failed'],
  ['FAILED', 'failed'],
  ['RUNNING', 'running'],
] as const)('a run without a memo that is %s has the outcome %s', (status, outcome) => {
  expect(recordOfExecution(execution(status), KNOWN).outcome).toBe(outcome);
});

test('a run that was terminated says so, in the phase that it was in', () => {
  const known = { ...KNOWN, phases: [openPhase('dumpSqlite sqlite/tracker')] };
  expect(recordOfExecution(execution('TERMINATED'), known)).toMatchObject({
    finishedAt: '2026-11-23T03:00:09.000Z',
    failure: { type: 'Unexpected', phase: 'dumpSqlite sqlite/tracker', message: expect.stringContaining('terminated') },
  });
});

test.each([
  [undefined],
  [null],
  ['text'],
  [{}],
  [{ plan: 'x', outcome: 'failed', startedAt: 'y', phases: 'none', warnings: [] }],
])('%j is not taken for a record', (value) => {
  expect(readRunRecord(value)).toBeUndefined();
});

test('the document of a run has the fields of the JSON format, and failure only where there is one', () => {
  expect(toRunDocument(runRecord({ phases: [openPhase('openRun')] }))).toEqual({
    plan: 'tracker',
    workflow_id: 'backup/tracker-1/tracker-manual-20261123T030000Z-9f3a',
    run_id: '0c5c8f4e-8a5d-4b36-9a2e-2d1d3e0f7a11',
    outcome: 'succeeded',
    snapshot_id: '4bba301e'.repeat(8),
    due_at: null,
    waited_for_worker_ms: null,
    waited_for_turn_ms: null,
    started_at: '2026-11-23T03:00:00.000Z',
    finished_at: '2026-11-23T03:00:14.000Z',
    duration_ms: 14_000,
    bytes_processed: 536_870_912,
    bytes_added: 35_651_584,
    archive: { path: '/backups/tracker-20261123T030000Z.tar.zst', bytes: 220_200_960 },
    phases: [
      {
        name: 'openRun',
        status: 'running',
        started_at: '2026-11-23T03:00:00.000Z',
        duration_ms: null,
        attempts: null,
        bytes: null,
      },
    ],
    warnings: [],
  });
  expect(toRunDocument(KNOWN)).toMatchObject({ snapshot_id: null, archive: null, duration_ms: null });
});

test('a run that is started by hand has the time and something random in its id', () => {
  const ids = Array.from({ length: 20 }, () => manualWorkflowId('h', 'tracker', new Date('2026-11-23T03:00:00.123Z')));
  expect(ids.every((id) => /^backup\/h\/tracker-manual-20261123T030000Z-[0-9a-f]{4}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBeGreaterThan(15);
});

test.each([
  ['backup/h/a', true],
  ['backup/h/a-manual-20261123T030000Z-9f3a', true],
  ['backup/h/a-2026-11-23T03:00:00Z', true],
  ['backup/h/a-b-manual-20261123T030000Z-9f3a', false],
  ['backup/h/a-b-2026-11-23T03:00:00Z', false],
  ['backup/h/ab', false],
  ['backup/other/a', false],
])('%s is a run of plan a on h: %s', (workflowId, expected) => {
  expect(isRunOfPlan(workflowId, 'h', 'a')).toBe(expected);
});
