import type { Check, JudgeDrillInput } from '../../contract/verify.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { findPlan } from '../open-run.ts';
import { PhaseError } from '../phase-error.ts';

const MAX_NAMED = 5;

/** Passes judgement. @throws {PhaseError} DrillFailed, naming the checks that failed */
export async function judgeDrill(deps: ActivityDependencies, { run, snapshotId, checks }: JudgeDrillInput): Promise<object> {
  const plan = findPlan(deps.configuration, run.plan);
  const failed = checks.filter(({ status }) => status === 'fail');
  if (failed.length === 0) return {};
  const named = failed.slice(0, MAX_NAMED).map(describe).join(' / ');
  const more = failed.length > MAX_NAMED ? ` / and ${failed.length - MAX_NAMED} more` : '';
  throw new PhaseError(
    'DrillFailed',
    `drill of plan ${plan.name}, snapshot ${snapshotId.slice(0, 8)}: ${failed.length} of ${checks.length} checks failed: ${named}${more}. ` +
      `Make a new backup and drill that; if it fails too, look at the source, and at the repository with \`restic check --read-data\`.`,
  );
}

function describe({ name, expected, actual, message }: Check): string {
  const values = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(actual === undefined ? [] : [`found ${actual}`]),
    ...(message === undefined ? [] : [message.slice(0, 300)]),
  ];
  return values.length === 0 ? name : `${name} (${values.join(', ')})`;
}
