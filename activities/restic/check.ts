import { z } from 'zod';
import { PhaseError } from '../phase-error.ts';
import { RESTIC_EXIT } from './exit-codes.ts';
import { findAffected } from './find-affected.ts';
import { failed, type ResticBinding, runRestic } from './invocation.ts';
import { parseJson, readErrorOutput } from './output.ts';

/** What is read beyond the structure. `part`: one of `total` groups that restic makes of all packs, always the same ones. */
export type DataToRead = { kind: 'none' } | { kind: 'all' } | { kind: 'part'; part: number; total: number };

/** Last line of `restic check --json` (restic >= 0.18; doc/075_scripting.rst). Also printed when the lock failed. */
const summarySchema = z.object({
  message_type: z.literal('summary'),
  num_errors: z.number().default(0),
  broken_packs: z.array(z.string()).nullish(),
  suggest_prune: z.boolean().default(false),
});

export type CheckSummary = z.infer<typeof summarySchema>;

/** Errors quoted in a message: the first ones; restic names each pack. */
const MAX_ERRORS = 3;

/**
 * Checks the repository. Takes restic's exclusive lock.
 *
 * @throws {PhaseError} RepositoryDamaged, naming the damaged packs, the snapshots that need them and what to do
 */
export async function checkRepository(binding: ResticBinding, data: DataToRead): Promise<{ suggestsPrune: boolean }> {
  const result = await runRestic(binding, ['check', '--json', ...dataArguments(data)]);
  const summary = parseCheckSummary(result.stdout);
  if (result.exitCode === RESTIC_EXIT.done) return { suggestsPrune: summary?.suggest_prune ?? false };
  const failure = failed(binding, 'check', result);
  if (!(failure instanceof PhaseError && failure.type === 'RepositoryDamaged')) throw failure;
  throw await describeDamage(binding, readErrorOutput(result.stderr), summary);
}

/** How a part is written in results: `3/8`. */
export function describeData(data: DataToRead): string {
  return data.kind === 'part' ? `${data.part}/${data.total}` : data.kind;
}

function dataArguments(data: DataToRead): string[] {
  if (data.kind === 'none') return [];
  return data.kind === 'all' ? ['--read-data'] : [`--read-data-subset=${describeData(data)}`];
}

/** Finds the summary; undefined for restic 0.17, which prints text. */
export function parseCheckSummary(stdout: string): CheckSummary | undefined {
  const summaries = stdout.split('\n').map((line) => summarySchema.safeParse(parseJson(line)));
  return summaries.findLast(({ success }) => success)?.data;
}

/** Packs and trees that the errors of a check name, by restic 0.19.1's own sentences. */
export function namedDamage(errors: readonly string[], summary: CheckSummary | undefined): { packs: string[]; trees: string[] } {
  const text = errors.join('\n');
  const packs = [...text.matchAll(/\bpack ([0-9a-f]{64})\b/g)].map(([, id]) => id ?? '');
  const trees = [...text.matchAll(/\b(?:id|tree) ([0-9a-f]{64})\b/g)].map(([, id]) => id ?? '');
  return { packs: [...new Set([...(summary?.broken_packs ?? []), ...packs])], trees: [...new Set(trees)] };
}

async function describeDamage(binding: ResticBinding, errors: string[], summary: CheckSummary | undefined): Promise<PhaseError> {
  const { name } = binding.repository;
  const { packs, trees } = namedDamage(errors, summary);
  const affected = await findAffected(binding, { packs, trees });
  const lines = errors.map((error) => error.trim().slice(0, 200));
  const named = lines.filter((line) => /^(?:pack|error for tree|tree|id|blob|snapshot)\b/.test(line));
  const said = (named.length === 0 ? lines : named).slice(0, MAX_ERRORS).join(' / ');
  const damaged = packs.length === 0 ? '' : ` Damaged packs: ${bounded(packs.map((id) => id.slice(0, 8)))}.`;
  return new PhaseError(
    'RepositoryDamaged',
    `repository ${name} is damaged: ${said}.${damaged} ${affected} ` +
      'Copy the repository before anything is changed, and look at the disk under it. Other snapshots and the local archives are not ' +
      `concerned. Then repair it as restic's troubleshooting guide says (${repairCommands(packs)}), and start a backup of each plan, ` +
      'which stores again what still exists.',
  );
}

function repairCommands(packs: readonly string[]): string {
  const repair = packs.length === 0 ? 'restic repair index' : `restic repair packs ${bounded(packs.map((id) => id.slice(0, 8)))}`;
  return `${repair}; restic repair snapshots --forget`;
}

function bounded(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(' ');
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}
