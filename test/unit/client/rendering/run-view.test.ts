import { expect, test } from '@jest/globals';
import { choosePalette, PLAIN } from '../../../../client/rendering/palette.ts';
import { renderRunView } from '../../../../client/rendering/phase-lines.ts';
import { createProgressLog } from '../../../../client/rendering/progress-log.ts';
import { matchPending, type PendingActivity, type RunView } from '../../../../client/runs/run-view.ts';
import { createFakeIo } from '../../../support/cli-io.ts';
import { openPhase, phaseRecord, runRecord } from '../../../support/run-records.ts';

const NOW = Date.parse('2026-11-23T03:00:08.000Z');
const COPYING: PendingActivity = {
  order: 2,
  type: 'dumpSqlite',
  attempt: 1,
  isRunning: true,
  progress: { phase: 'copy', percent: 67.9, bytesDone: 347 * 2 ** 20, bytesTotal: 512 * 2 ** 20 },
};
const RETRYING: PendingActivity = {
  order: 3,
  type: 'dumpMysql',
  attempt: 3,
  isRunning: false,
  lastFailure: { type: 'SourceUnavailable', message: 'no MySQL server answers at mysql:3306' },
};

function view(phases: RunView['record']['phases'], activities: PendingActivity[] = []): RunView {
  const record = runRecord({ outcome: 'running', phases });
  return { record, pending: matchPending(record, activities), isWorkerSilent: false };
}

const PHASES = [phaseRecord('openRun'), openPhase('dumpSqlite sqlite/tracker'), openPhase('dumpMysql mysql/tracker')];

test('a run in progress has a line for each phase, with bar, bytes, time, or the reason for its retry', () => {
  expect(renderRunView(view(PHASES, [RETRYING, COPYING]), { palette: PLAIN, width: 100, now: NOW })).toEqual([
    'tracker on tracker-1 · 8.0 s',
    '  ✓ openRun                    0.4 s',
    '  ▸ dumpSqlite sqlite/tracker  █████████░░░░░  67 %  347.0 MiB of 512.0 MiB  8.0 s',
    '  ! dumpMysql mysql/tracker    attempt 3: no MySQL server answers at mysql:3306',
  ]);
});

test('no line of a live view is wider than the terminal, whatever a failure says', () => {
  const noisy = { ...RETRYING, lastFailure: { message: `${'x'.repeat(200)}\n\u001b[2J` } };
  const lines = renderRunView(view(PHASES, [noisy, COPYING]), { palette: PLAIN, width: 60, now: NOW });
  expect(Math.max(...lines.map((line) => line.length))).toBe(60);
});

test('a phase that reports from a later attempt shows its progress and which attempt it is', () => {
  const second = { ...RETRYING, attempt: 2, isRunning: true, progress: { phase: 'dump', bytesDone: 1024 } };
  const lines = renderRunView(view([openPhase('dumpMysql mysql/tracker')], [second]), { palette: PLAIN, width: 80, now: NOW });
  expect(lines[1]).toBe('  ▸ dumpMysql mysql/tracker  1.0 KiB  8.0 s  attempt 2');
});

test('open phases of one type get their activities in the order in which both started', () => {
  const record = runRecord({ phases: [openPhase('dumpSqlite sqlite/a'), openPhase('dumpSqlite sqlite/b')] });
  const late = { ...COPYING, order: 10 };
  const early = { ...COPYING, order: 9 };
  expect([...matchPending(record, [late, early])]).toEqual([
    ['dumpSqlite sqlite/a', early],
    ['dumpSqlite sqlite/b', late],
  ]);
});

test('where a phase has just started or ended, nothing is said of its type', () => {
  const record = runRecord({
    phases: [openPhase('dumpSqlite sqlite/a'), openPhase('dumpSqlite sqlite/b'), openPhase('openRun')],
  });
  const opening = { ...COPYING, type: 'openRun' };
  expect([...matchPending(record, [COPYING, opening])]).toEqual([['openRun', opening]]);
});

test('a log has one line for each start, retry and end, and none twice', () => {
  const log = createProgressLog();
  const first = log.next(view([openPhase('openRun')]));
  const again = log.next(view([openPhase('openRun')]));
  const retry = log.next(view(PHASES, [RETRYING, COPYING]));
  const same = log.next(view(PHASES, [RETRYING, COPYING]));
  const ended = log.next(
    view([phaseRecord('openRun'), phaseRecord('dumpMysql mysql/tracker', { status: 'failed', attempts: 4 })]),
  );
  expect({ first, again, retry, same, ended }).toEqual({
    first: ['openRun: started'],
    again: [],
    retry: [
      'openRun: done  0.4 s',
      'dumpSqlite sqlite/tracker: started',
      'dumpMysql mysql/tracker: started',
      'dumpMysql mysql/tracker: attempt 2 failed, trying again: no MySQL server answers at mysql:3306',
    ],
    same: [],
    ended: ['dumpMysql mysql/tracker: failed  0.4 s  4 attempts'],
  });
});

test('a log says for whom a run waits, and again when that is another one', () => {
  const log = createProgressLog();
  const waiting = (phase: string) => view([openPhase('awaitTurn')], [{ ...COPYING, type: 'awaitTurn', progress: { phase } }]);
  expect(log.next(waiting('start'))).toEqual(['awaitTurn: started']);
  const said = ['a', 'a', 'b'].map((run) => log.next(waiting(`waiting for plan ${run}`)));
  expect(said).toEqual([['awaitTurn: waiting for plan a'], [], ['awaitTurn: waiting for plan b']]);
});

test('a log says once that the worker does not answer, and again after it did', () => {
  const log = createProgressLog();
  const silent = { ...view([]), isWorkerSilent: true };
  const said = [silent, silent, view([]), silent].map((look) => log.next(look).length);
  expect(said).toEqual([1, 0, 0, 1]);
});

test.each([
  ['a terminal', true, {}, true],
  ['a pipe', false, {}, false],
  ['NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR, which counts as unset', true, { NO_COLOR: '' }, true],
  ['a dumb terminal', true, { TERM: 'dumb' }, false],
])('colours follow %s', (_case, isTerminal, environment, isColoured) => {
  const { stdout } = createFakeIo({ isTerminal });
  expect(choosePalette(stdout, environment).bad('x') !== 'x').toBe(isColoured);
});
