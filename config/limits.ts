import { holds } from './schema/limit.ts';
import { wallMinutes } from './time-zone.ts';
import type { Rate, TransferLimit } from './types.ts';

/** What a limit is at an instant, in milliseconds since 1970. */
export function rateAt(limit: TransferLimit | undefined, at: number): Rate {
  if (limit === undefined) return 'unlimited';
  const { windows, timezone } = limit;
  const minute = windows.length === 0 ? 0 : wallMinutes(timezone, at);
  return windows.find((window) => holds({ from: window.fromMinute, to: window.toMinute }, minute))?.rate ?? limit.default;
}
