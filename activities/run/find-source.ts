import type { Plan, Source } from '../../config/types.ts';
import type { SourceKind } from '../../contract/backup.ts';
import { PhaseError } from '../phase-error.ts';

/** Looks a source up in its plan. @throws {PhaseError} ConfigInvalid when the plan has no such source any more */
export function findSource<Kind extends SourceKind>(plan: Plan, kind: Kind, name: string): Extract<Source, { kind: Kind }> {
  const source = plan.sources.find((candidate) => candidate.kind === kind && candidate.name === name);
  if (source !== undefined) return source as Extract<Source, { kind: Kind }>;
  throw new PhaseError(
    'ConfigInvalid',
    `plan ${plan.name} has no source ${kind}/${name}: was holdfast.yaml changed during the run?`,
  );
}
