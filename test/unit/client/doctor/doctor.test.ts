import { expect, test } from '@jest/globals';
import { examineNode } from '../../../../client/doctor/examine-here.ts';
import { examineRetention, examineSchedules, judgeSearchAttributes } from '../../../../client/doctor/examine-temporal.ts';
import { judgeNumber, judgeWorker } from '../../../../client/doctor/examine-worker.ts';
import { renderFindings } from '../../../../client/doctor/render-findings.ts';
import { PLAIN } from '../../../../client/rendering/palette.ts';
import { HOLDFAST_VERSION } from '../../../../contract/version.ts';

const DAY = 86_400_000;

test.each([
  ['20.18.3', 'problem'],
  ['20.19.0', 'ok'],
  ['18.20.0', 'problem'],
  ['24.1.0', 'ok'],
])('Node %s is: %s', (version, level) => {
  expect(examineNode(version).level).toBe(level);
});

test.each([
  [DAY, 'warning'],
  [30 * DAY, 'ok'],
  [undefined, 'ok'],
])('a history of %d ms is: %s', (retentionMs, level) => {
  expect(examineRetention(retentionMs, 'default').level).toBe(level);
});

test('missing search attributes are named, with the command that registers them', () => {
  const { level, advice } = judgeSearchAttributes(['HoldfastPlan', 'HoldfastHost', 'Other']);
  expect(level).toBe('warning');
  expect(advice).toContain('--name HoldfastOutcome --type Keyword --name HoldfastSnapshot --type Keyword');
});

test('schedules that differ are named, and the advice prunes only where something is to be deleted', () => {
  const [update] = examineSchedules([
    { id: 'a', change: 'update' },
    { id: 'b', change: 'unchanged' },
  ]);
  const [stale] = examineSchedules([{ id: 'c', change: 'delete' }]);
  expect(update).toMatchObject({
    level: 'warning',
    message: 'differ from the configuration: update a',
    advice: 'holdfast apply',
  });
  expect(stale).toMatchObject({ advice: 'holdfast apply --prune' });
});

test('a paused schedule is a warning of its own', () => {
  const findings = examineSchedules([{ id: 'a', change: 'unchanged', pausedNote: 'moving' }]);
  expect(findings.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'ok 1 schedule, as the configuration says',
    'warning is paused: moving',
  ]);
});

const WORKER = { host: 'h', holdfastVersion: HOLDFAST_VERSION, configurationHash: 'a', findings: [] };

test.each([
  ['the same version and configuration', WORKER, ['ok']],
  ['another configuration', { ...WORKER, configurationHash: 'b' }, ['ok', 'problem']],
  ['another version', { ...WORKER, holdfastVersion: '9.9.9' }, ['warning']],
])('a worker with %s is judged', (_case, worker, levels) => {
  expect(judgeWorker(worker, 'a').map(({ level }) => level)).toEqual(levels);
});

test('findings are printed with their advice below, and counted', () => {
  const findings = [
    { level: 'ok', subject: 'node', message: '24.1.0' },
    { level: 'problem', subject: 'configuration', message: 'holdfast.yaml: 1 problem\n  host: is missing', advice: 'correct it' },
  ] as const;
  expect(renderFindings(findings, PLAIN)).toEqual([
    'ok       node: 24.1.0',
    'problem  configuration: holdfast.yaml: 1 problem',
    '           host: is missing',
    '         → correct it',
    '',
    '1 problem, 0 warnings',
  ]);
});

test('a second worker of a host is a warning that names both, and one alone is none', () => {
  const [one, two] = ['7@a/2026-11-23T03:00:00.000Z#0123456789ab', '8@b/2026-11-23T04:00:00.000Z#0123456789ab'];
  expect(judgeNumber([one])).toEqual([]);
  expect(judgeNumber([one, two])).toMatchObject([{ level: 'warning', message: expect.stringMatching(/7@a since .*8@b since/) }]);
});
