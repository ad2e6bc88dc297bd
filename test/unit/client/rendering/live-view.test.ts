import { expect, test } from '@jest/globals';
import { createLiveView } from '../../../../client/rendering/live-view.ts';
import { createRunDisplay } from '../../../../client/rendering/run-display.ts';
import { createFakeIo } from '../../../support/cli-io.ts';
import { openPhase, runRecord } from '../../../support/run-records.ts';

const RUNNING = {
  record: runRecord({ outcome: 'running' as const, phases: [openPhase('openRun')] }),
  pending: new Map(),
  isWorkerSilent: false,
};

/** What a terminal shows after the escape sequences that the view uses. */
function screen(text: string): string[] {
  let lines: string[] = [];
  // oxlint-disable-next-line no-control-regex -- the sequences under test
  for (const part of text.split(/(?<=\n)|(?=\u001b\[)|(?<=\u001b\[\??\d*[A-Za-z])/)) {
    // oxlint-disable-next-line no-control-regex -- as above
    const up = /^\u001b\[(\d+)F$/.exec(part);
    if (up !== null) lines = lines.slice(0, lines.length - Number(up[1]));
    else if (part.endsWith('\n')) lines.push(part.slice(0, -1));
  }
  return lines;
}

test('a live view replaces its lines in place and keeps what is printed above them', () => {
  const io = createFakeIo({ isTerminal: true });
  const view = createLiveView(io.stderr);
  view.draw(['one', 'two']);
  view.print(['note']);
  view.draw(['three']);
  expect(screen(io.err())).toEqual(['note', 'three']);
});

test('a live view hides the cursor while it draws and gives it back', () => {
  const io = createFakeIo({ isTerminal: true });
  const view = createLiveView(io.stderr);
  view.draw(['one']);
  view.draw(['two']);
  view.end();
  const [hide, show] = ['\u001b[?25l', '\u001b[?25h'];
  expect(io.err()).toBe(`${hide}one\n\u001b[1F\u001b[Jtwo\n${show}`);
});

test('more lines than the limit show the newest ones', () => {
  const io = createFakeIo({ isTerminal: true });
  createLiveView(io.stderr, 2).draw(['a', 'b', 'c']);
  expect(screen(io.err())).toEqual(['b', 'c']);
});

test('on a terminal the display of a run goes away when a summary follows, and stays otherwise', () => {
  const shown = [false, true].map((isKept) => {
    const io = createFakeIo({ isTerminal: true, environment: { NO_COLOR: '1' } });
    const display = createRunDisplay(io);
    display.note('run x');
    display.update(RUNNING);
    display.end(isKept);
    return screen(io.err()).length;
  });
  expect(shown).toEqual([1, 3]);
});

test('without a terminal the display of a run writes no escape sequence', () => {
  const io = createFakeIo();
  const display = createRunDisplay(io);
  display.update(RUNNING);
  display.end(false);
  expect(io.err()).toBe('openRun: started\n');
});
