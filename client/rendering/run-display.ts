import type { Io } from '../io.ts';
import type { RunView } from '../runs/run-view.ts';
import { createLiveView } from './live-view.ts';
import { choosePalette } from './palette.ts';
import { renderRunView } from './phase-lines.ts';
import { createProgressLog } from './progress-log.ts';

/** Shows a run in progress on standard error. */
export interface RunDisplay {
  update(view: RunView): void;
  /** Says something that stays. */
  note(line: string): void;
  /** Stops showing. `isKept` leaves a live view standing, where no summary follows that says it all again. */
  end(isKept: boolean): void;
}

/** A live view on a terminal, lines for a log everywhere else. */
export function createRunDisplay({ stderr, environment }: Pick<Io, 'stderr' | 'environment'>): RunDisplay {
  return stderr.isTerminal && environment['TERM'] !== 'dumb'
    ? createLiveDisplay({ stderr, environment })
    : createLogDisplay({ stderr });
}

function createLiveDisplay({ stderr, environment }: Pick<Io, 'stderr' | 'environment'>): RunDisplay {
  const palette = choosePalette(stderr, environment);
  const view = createLiveView(stderr);
  return {
    // One column stays free: some terminals wrap as soon as the last one is written.
    update: (run) => view.draw(renderRunView(run, { palette, width: stderr.columns() - 1, now: Date.now() })),
    note: (line) => view.print([line]),
    end: (isKept) => {
      if (!isKept) view.draw([]);
      view.end();
    },
  };
}

function createLogDisplay({ stderr }: Pick<Io, 'stderr'>): RunDisplay {
  const log = createProgressLog();
  return {
    update: (run) => {
      for (const line of log.next(run)) stderr.write(`${line}\n`);
    },
    note: (line) => stderr.write(`${line}\n`),
    end: () => undefined,
  };
}
