import { EXIT } from './exit-codes.ts';
import type { Io } from './io.ts';

export interface Shutdown {
  signal: AbortSignal;
  /** Starts the shutdown without a signal. */
  begin(): void;
  /** Gives the signals back. */
  release(): void;
}

/** What signals mean to a process that serves: the first one begins an orderly end, a second Ctrl-C ends it at once. */
export function watchShutdown(io: Pick<Io, 'onSignal' | 'exitNow'>, onBegin: () => void): Shutdown {
  const controller = new AbortController();
  const begin = () => {
    if (controller.signal.aborted) return;
    onBegin();
    controller.abort();
  };
  const interrupt = () => (controller.signal.aborted ? io.exitNow(EXIT.cancelled) : begin());
  const release = [io.onSignal('SIGINT', interrupt), io.onSignal('SIGTERM', begin)];
  return {
    signal: controller.signal,
    begin,
    release: () => {
      for (const stop of release) stop();
    },
  };
}
