import type { RunRecord } from '../../contract/backup.ts';
import type { Temporal } from '../connect.ts';
import type { Context } from '../context.ts';
import { createRunDisplay } from '../rendering/run-display.ts';
import { followRun } from './follow-run.ts';
import { watchInterruptions } from './interruption.ts';
import type { StartedRun } from './start-run.ts';

/**
 * Shows a run on standard error until it ends or whoever watches presses Ctrl-C: once detaches, twice cancels the run.
 *
 * @returns its last record, with the outcome `running` after a detach
 */
export async function watchRun(
  context: Context,
  temporal: Temporal,
  { run, isJson }: { run: StartedRun; isJson: boolean },
): Promise<RunRecord> {
  const display = createRunDisplay(context.io);
  const interruption = watchInterruptions(context.io, {
    onNotice: (line) => display.note(line),
    onCancel: () => {
      run.handle.cancel().catch((error: unknown) => display.note(`the run could not be cancelled: ${String(error)}`));
    },
  });
  display.note(`run ${run.record.workflowId}`);
  try {
    const record = await followRun(temporal, run.handle, {
      known: run.record,
      onView: (view) => display.update(view),
      signal: interruption.detached,
    });
    // Phases that ended since the last look.
    display.update({ record, pending: new Map(), isWorkerSilent: false });
    return record;
  } finally {
    interruption.stop();
    display.end(isJson);
  }
}
