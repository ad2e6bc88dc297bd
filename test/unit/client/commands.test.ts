import { expect, test } from '@jest/globals';
import { renderHistory } from '../../../client/commands/history.ts';
import { readyLines } from '../../../client/commands/up.ts';
import { isRefused } from '../../../client/runs/run-record.ts';
import { staleWorkerHint } from '../../../client/worker-presence.ts';
import { workerIdentity } from '../../../contract/worker-identity.ts';
import { runRecord } from '../../support/run-records.ts';

test('a history has no line beyond the width, however much a failure has to say', () => {
  const failure = { type: 'SourceMissing', message: 'x'.repeat(300), phase: 'openRun' };
  const lines = renderHistory('tracker', [runRecord({ outcome: 'failed', failure }), runRecord()], 80);
  expect(lines.map((line) => line.length).filter((length) => length > 80)).toEqual([]);
  expect(lines[1]).toMatch(/SourceMissing: .*…$/);
});

test('up names the address for the other commands only where they would not find it', () => {
  expect(readyLines('127.0.0.1:7233', 'http://127.0.0.1:8233')).toHaveLength(1);
  expect(readyLines('127.0.0.1:7244', 'http://127.0.0.1:8244')[1]).toBe('other commands: export TEMPORAL_ADDRESS=127.0.0.1:7244');
});

test.each([
  ['PlanBusy', 'openRun', true],
  ['PlanBusy', 'sealStage', false],
  ['DiskFull', 'openRun', false],
])('a run that failed with %s in %s was refused: %s', (type, phase, expected) => {
  expect(isRefused(runRecord({ outcome: 'failed', failure: { type, message: 'x', phase } }))).toBe(expected);
});

const NAME = { pid: 4711, machine: 'tracker-1', startedAt: '2026-11-23T03:00:00.123Z' };
const worker = (configurationHash: string) => workerIdentity({ ...NAME, configurationHash });
const [OWN, OTHER] = ['a'.repeat(64), 'b'.repeat(64)];

test.each([
  ['one with another configuration', [worker(OTHER)], true],
  ['one with this configuration', [worker(OWN)], false],
  ['one that was just restarted', [worker(OTHER), worker(OWN)], false],
  ['one that does not say', ['4711@tracker-1'], false],
  ['none', [], false],
])('of the workers, %s: is it to be restarted? %#', (_case, workers, expected) => {
  expect(staleWorkerHint(workers, OWN) !== undefined).toBe(expected);
});
