import type { ResticSnapshot } from '../restic/output.ts';
import { isNewer } from './choose-snapshot.ts';

/** What a retention policy would do to the snapshots of a plan. */
export interface ForgetPreview {
  keep: readonly ResticSnapshot[];
  remove: readonly ResticSnapshot[];
}

/**
 * Takes out of a policy's list what must stay whatever the policy says: the newest snapshot that passed a drill, and the only one
 * that there is.
 *
 * @param proven ids of the snapshots that passed, in any order; some may be gone
 * @returns the ids to forget
 */
export function guardForget({ keep, remove }: ForgetPreview, proven: readonly string[]): string[] {
  const all = [...keep, ...remove];
  if (all.length <= 1) return [];
  const newestProven = all
    .filter(({ id }) => proven.includes(id))
    .reduce<ResticSnapshot | undefined>((best, next) => (best === undefined || isNewer(next, best) ? next : best), undefined);
  return remove.map(({ id }) => id).filter((id) => id !== newestProven?.id);
}
