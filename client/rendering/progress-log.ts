import type { PhaseRecord } from '../../contract/backup.ts';
import { WAITING_FOR } from '../../contract/progress.ts';
import type { RunView } from '../runs/run-view.ts';
import { describeEnd } from './phase-lines.ts';
import { toLine } from './text.ts';

/** Turns looks at a run into lines for a log file: one when a phase starts, fails an attempt or ends, and none twice. */
export interface ProgressLog {
  /** The lines that are new since the last look. */
  next(view: RunView): string[];
}

export function createProgressLog(): ProgressLog {
  const said = new Set<string>();
  const once = (key: string, line: string) => {
    if (said.has(key)) return [];
    said.add(key);
    return [line];
  };
  let wasSilent = false;
  return {
    next(view) {
      const phases = view.record.phases.flatMap((phase) => [
        ...once(`start ${phase.name}`, `${phase.name}: started`),
        ...retryLine(phase, view, once),
        ...waitLine(phase, view, once),
        ...(phase.status === 'running' ? [] : once(`end ${phase.name}`, endLine(phase))),
      ]);
      const silence = view.isWorkerSilent && !wasSilent ? ['waiting for the worker to answer'] : [];
      wasSilent = view.isWorkerSilent;
      return [...phases, ...silence];
    },
  };
}

function retryLine({ name }: PhaseRecord, view: RunView, once: (key: string, line: string) => string[]): string[] {
  const pending = view.pending.get(name);
  if (pending?.lastFailure === undefined || pending.attempt < 2) return [];
  const reason = toLine(pending.lastFailure.message);
  return once(`retry ${name} ${pending.attempt}`, `${name}: attempt ${pending.attempt - 1} failed, trying again: ${reason}`);
}

function waitLine({ name, status }: PhaseRecord, view: RunView, once: (key: string, line: string) => string[]): string[] {
  const doing = view.pending.get(name)?.progress?.phase;
  if (status !== 'running' || doing?.startsWith(WAITING_FOR) !== true) return [];
  const line = `${name}: ${toLine(doing)}`;
  return once(line, line);
}

function endLine(phase: PhaseRecord): string {
  const end = describeEnd(phase);
  const text = phase.status === 'done' ? `done  ${end}` : end;
  return `${phase.name}: ${text.trimEnd()}`;
}
