import { type ProcessActivity, readActivity } from './activity.ts';
import type { ProgressSign } from './request.ts';

export interface WatchOptions {
  pid: number;
  /** So long a child may do nothing. */
  limitMs: number;
  sign: Exclude<ProgressSign, 'none'>;
  /** Bytes that came from it on standard output and error output. */
  printedBytes: () => number;
  /** Called once. The watch is over then. */
  onStalled: () => void;
}

const LONGEST_INTERVAL_MS = 5_000;
/** Samples within the limit, at least. */
const SAMPLES = 20;

/** Below this rate it is upkeep, not work: status lines under way, or restic's lock that it refreshes each 5 min. */
const UPKEEP_BYTES_PER_S = 128;
/** Of one processor's time; what lies below is timers. */
const UPKEEP_CPU_SHARE = 0.05;

interface Sample {
  activity: ProcessActivity | undefined;
  printed: number;
}

/**
 * Watches whether a child gets on, and says so once it has not for `limitMs`. Returns the function that ends the watch.
 *
 * Time counts only as far as samples were taken: when this process or the whole machine stood still, the child may have, too.
 */
export function watchProgress(options: WatchOptions): () => void {
  const intervalMs = Math.min(options.limitMs / SAMPLES, LONGEST_INTERVAL_MS);
  const take = (): Sample => ({ activity: readActivity(options.pid), printed: options.printedBytes() });
  let mark = take();
  let idleMs = 0;
  let sampledAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    idleMs += Math.min(now - sampledAt, 2 * intervalMs);
    sampledAt = now;
    const sample = take();
    if (gotOn(mark, sample, options)) {
      mark = sample;
      idleMs = 0;
    } else if (idleMs >= options.limitMs) {
      clearInterval(timer);
      options.onStalled();
    }
  }, intervalMs);
  return () => clearInterval(timer);
}

function gotOn(mark: Sample, sample: Sample, { sign, limitMs }: WatchOptions): boolean {
  const [before, now] = [mark.activity, sample.activity];
  const printed = sample.printed - mark.printed;
  if (before === undefined || now === undefined) {
    // Without /proc only what is printed tells anything, and where that is status lines nothing does.
    return sign === 'activity' ? printed !== 0 : true;
  }
  if (before.processes !== now.processes) return true;
  const bytes = now.ioBytes - before.ioBytes;
  const cpuMs = now.cpuMs - before.cpuMs;
  if (sign === 'activity') return bytes !== 0 || cpuMs !== 0 || printed !== 0;
  return bytes - printed > (UPKEEP_BYTES_PER_S * limitMs) / 1000 || cpuMs > UPKEEP_CPU_SHARE * limitMs;
}
