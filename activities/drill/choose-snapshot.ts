import { PhaseError } from '../phase-error.ts';
import type { ResticSnapshot } from '../restic/output.ts';

/**
 * Chooses the snapshot to drill by its exact id: the newest one that is not known to lack files, or the one that was asked for by
 * its id or the beginning of it.
 *
 * @param snapshots those of the plan, in any order
 * @param incomplete ids of snapshots that restic made in spite of files that it could not read
 * @throws {PhaseError} ConfigInvalid for an id that names none or several; DrillFailed when there is nothing to drill
 */
export function chooseSnapshot(
  snapshots: readonly ResticSnapshot[],
  options: { plan: string; repository: string; wanted: string | undefined; incomplete: readonly string[] },
): ResticSnapshot {
  const { plan, repository, wanted, incomplete } = options;
  if (wanted !== undefined) return findWanted(snapshots, wanted, plan);
  const newest = snapshots
    .filter(({ id }) => !incomplete.includes(id))
    .reduce<ResticSnapshot | undefined>((best, next) => (best === undefined || isNewer(next, best) ? next : best), undefined);
  if (newest !== undefined) return newest;
  throw new PhaseError(
    'DrillFailed',
    `repository ${repository} has no complete snapshot of plan ${plan}: nothing could be restored. Make one with \`holdfast backup ${plan}\`.`,
  );
}

/** Whether a snapshot was made after another one. Times carry their own zone. */
export function isNewer(snapshot: ResticSnapshot, than: ResticSnapshot): boolean {
  return Date.parse(snapshot.time) > Date.parse(than.time);
}

function findWanted(snapshots: readonly ResticSnapshot[], wanted: string, plan: string): ResticSnapshot {
  const found = snapshots.filter(({ id }) => id.startsWith(wanted));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const problem = only === undefined ? 'no snapshot' : `${found.length} snapshots`;
  throw new PhaseError(
    'ConfigInvalid',
    `plan ${plan} has ${problem} whose id begins with ${JSON.stringify(wanted)}; \`holdfast snapshots ${plan}\` lists them.`,
  );
}
