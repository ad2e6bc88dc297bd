import type { Io, StopSignal, TextSink } from '../../client/io.ts';

/** A process for commands that is made of plain values. */
export interface FakeIo extends Io {
  /** What was written so far. */
  out(): string;
  err(): string;
  /** Sends a signal to whoever listens. */
  signal(name: StopSignal): void;
  listeners(): number;
  exits: number[];
}

export interface FakeIoOptions {
  environment?: Record<string, string>;
  isTerminal?: boolean;
  columns?: number;
  workingDirectory?: string;
}

export function createFakeIo(options: FakeIoOptions = {}): FakeIo {
  const { isTerminal = false, columns = 80, environment = {}, workingDirectory = '/nonexistent' } = options;
  const stdout: string[] = [];
  const stderr: string[] = [];
  const exits: number[] = [];
  const listeners = new Set<{ name: StopSignal; listener: () => void }>();
  const sink = (into: string[]): TextSink => ({ write: (text) => void into.push(text), isTerminal, columns: () => columns });
  return {
    stdout: sink(stdout),
    stderr: sink(stderr),
    environment,
    workingDirectory,
    onSignal: (name, listener) => {
      const entry = { name, listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    exitNow: (exitCode) => void exits.push(exitCode),
    out: () => stdout.join(''),
    err: () => stderr.join(''),
    signal: (name) => {
      for (const entry of listeners) if (entry.name === name) entry.listener();
    },
    listeners: () => listeners.size,
    exits,
  };
}
