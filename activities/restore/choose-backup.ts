import { displayName } from '../input/display.ts';
import { PhaseError } from '../phase-error.ts';

/** Something that can be restored: a snapshot, or an archive. */
export interface Candidate {
  /** Id of a snapshot, or file name of an archive. */
  id: string;
  /** ISO 8601. */
  time: string;
}

export interface Choice {
  plan: string;
  /** `snapshot` or `archive`, for messages. */
  kind: 'snapshot' | 'archive';
  snapshot?: string | undefined;
  at?: string | undefined;
}

/** restic itself takes shorter ones, and then guesses well until there are more snapshots. */
const SHORTEST_PREFIX = 4;

/**
 * Chooses among the backups of a plan: the newest one, the one whose id begins so, or the newest one at some time.
 *
 * @throws {PhaseError} ConfigInvalid when there is none such, or more than one
 */
export function chooseBackup<Found extends Candidate>(candidates: readonly Found[], choice: Choice): Found {
  const { at, snapshot = 'latest' } = choice;
  const newestFirst = candidates.toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  if (at === undefined && snapshot !== 'latest') return byPrefix(newestFirst, snapshot, choice);
  const until = at === undefined ? Number.POSITIVE_INFINITY : parseTime(at);
  const chosen = newestFirst.find(({ time }) => Date.parse(time) <= until);
  if (chosen !== undefined) return chosen;
  const oldest = newestFirst.at(-1);
  const have = oldest === undefined ? 'has none yet' : `has none so old: the oldest is of ${oldest.time}`;
  throw new PhaseError('ConfigInvalid', `no ${choice.kind} to restore: plan ${choice.plan} ${have}. ${listAdvice(choice)}`);
}

function byPrefix<Found extends Candidate>(candidates: readonly Found[], prefix: string, choice: Choice): Found {
  const found = prefix.length < SHORTEST_PREFIX ? [] : candidates.filter(({ id }) => id.startsWith(prefix));
  const [only, another] = found;
  if (only !== undefined && another === undefined) return only;
  const what =
    found.length === 0
      ? `plan ${choice.plan} has no ${choice.kind} whose ${choice.kind === 'archive' ? 'name' : 'id'} begins with ${JSON.stringify(prefix)} (${SHORTEST_PREFIX} characters at least)`
      : `${found.length} ${choice.kind}s of plan ${choice.plan} begin with ${JSON.stringify(prefix)}: give more of it`;
  throw new PhaseError('ConfigInvalid', `${what}. ${listAdvice(choice)}`);
}

function listAdvice({ kind, plan }: Choice): string {
  return kind === 'snapshot' ? `\`holdfast snapshots ${plan}\` lists them.` : `They lie in the plan's archive directory.`;
}

const TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** Milliseconds since 1970. Like everything that Holdfast prints, a time without a zone is UTC. @throws {PhaseError} ConfigInvalid */
export function parseTime(text: string): number {
  const match = TIME.exec(text);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const iso = text.replace(' ', 'T') + (match?.[1] === undefined && !isDay ? 'Z' : '');
  const time = match === null ? Number.NaN : Date.parse(iso);
  if (!Number.isNaN(time)) return time;
  throw new PhaseError(
    'ConfigInvalid',
    `${displayName(text)} is no time. Write it as 2026-11-01T03:00, in UTC, or with a zone: 2026-11-01T03:00+02:00.`,
  );
}
