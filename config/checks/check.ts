import type { Draft, Partially } from '../draft.ts';
import { entriesOf } from '../draft.ts';
import type { ConfigurationFinding } from '../finding.ts';
import type { ConfigurationInput } from '../schema.ts';

/** Looks at values that must fit together. */
export type Check = (draft: Draft) => ConfigurationFinding[];

export type PlanDraft = Partially<ConfigurationInput['plans'][string]>;

/** Makes a check of what is to be looked at in each plan by itself. */
export function eachPlan(check: (plan: PlanDraft, name: string, draft: Draft) => ConfigurationFinding[]): Check {
  return (draft) => entriesOf(draft.file.plans).flatMap(([name, plan]) => check(plan, name, draft));
}
