import type { Io } from '../io.ts';

export interface InterruptionOptions {
  /** Says something to whoever pressed the keys. */
  onNotice: (line: string) => void;
  /** The run is to be cancelled. Called once. */
  onCancel: () => void;
  /** Time for a second Ctrl-C. @default 3000 */
  secondWithinMs?: number;
}

export interface Interruption {
  /** Aborted when the watching is to end while the run goes on. */
  detached: AbortSignal;
  /** Gives the signals back. */
  stop(): void;
}

/**
 * What signals mean while a run is watched: the first Ctrl-C detaches after a moment, a second one within that moment cancels
 * the run and waits for its end, a third one stops the waiting. SIGTERM detaches at once.
 */
export function watchInterruptions(io: Pick<Io, 'onSignal'>, options: InterruptionOptions): Interruption {
  const controller = new AbortController();
  const secondWithinMs = options.secondWithinMs ?? 3_000;
  let presses = 0;
  let timer: NodeJS.Timeout | undefined;
  const detach = () => controller.abort();
  const press = () => {
    presses += 1;
    clearTimeout(timer);
    if (presses === 1) {
      options.onNotice(`The run goes on without this terminal. Ctrl-C again within ${secondWithinMs / 1000} s cancels it.`);
      timer = setTimeout(detach, secondWithinMs);
    } else if (presses === 2) {
      options.onNotice('Cancelling the run; it cleans up first. Ctrl-C once more leaves it to that.');
      options.onCancel();
    } else detach();
  };
  const release = [io.onSignal('SIGINT', press), io.onSignal('SIGTERM', detach)];
  return {
    detached: controller.signal,
    stop: () => {
      clearTimeout(timer);
      for (const stop of release) stop();
    },
  };
}
