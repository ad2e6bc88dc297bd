import { Context } from '@temporalio/activity';
import { z } from 'zod';
import type { Activities } from '../../contract/activities.ts';
import { WORKFLOWS } from '../../contract/names.ts';
import { toFailure } from '../failures.ts';
import { PhaseError } from '../phase-error.ts';
import { displayName } from './display.ts';
import { judge } from './judge.ts';
import { ACTIVITY_INPUTS } from './schemas.ts';

/** Who had an activity scheduled: the part of its `info` that says so. */
export interface Origin {
  activityType: string;
  workflowType?: string;
  workflowExecution?: { workflowId: string; runId: string };
}

/** Where the inputs of activities name the run that they are for. */
const ofRun = z.object({ workflowId: z.string(), runId: z.string() });
const RUN_KEYS = ['run', 'record'] as const;

/**
 * Makes activities refuse what is not theirs, before anything is read or touched.
 *
 * Whoever reaches Temporal's frontend can have an activity run by itself (a standalone activity, server 1.32). He can also run a
 * workflow of his own, give it the name of one of ours, and let it schedule activities on our task queue: so the origin alone proves
 * little, and every input is judged as if he had written it.
 */
export function guardActivities(activities: Activities): Activities {
  const guarded = Object.entries(activities).map(([name, activity]: [string, (input: unknown) => Promise<unknown>]) => [
    name,
    async (input: unknown) => {
      const { info } = Context.current();
      try {
        requireOurs(info, input);
      } catch (error) {
        throw toFailure(error, { redact: (text) => text, attempt: info.attempt });
      }
      return activity(input);
    },
  ]);
  return Object.fromEntries(guarded) as Activities;
}

/**
 * Passes what one of our workflows scheduled, with an input of the right shape, for its own run.
 *
 * @throws {PhaseError} ConfigInvalid
 */
export function requireOurs(origin: Origin, input: unknown): void {
  const { activityType, workflowType, workflowExecution } = origin;
  if (workflowType === undefined || workflowExecution === undefined) {
    throw new PhaseError(
      'ConfigInvalid',
      `activity ${activityType} runs as a part of Holdfast's workflows only. Start one of them.`,
    );
  }
  if (!Object.hasOwn(WORKFLOWS, workflowType)) {
    throw new PhaseError(
      'ConfigInvalid',
      `activity ${activityType} was scheduled by ${displayName(workflowType)}, which is no workflow of Holdfast.`,
    );
  }
  judge(ACTIVITY_INPUTS[activityType as keyof Activities], input, `the input of activity ${activityType} is not what it takes`);
  const named = runsIn(input);
  const foreign = named.find(
    ({ workflowId, runId }) => workflowId !== workflowExecution.workflowId || runId !== workflowExecution.runId,
  );
  if (foreign === undefined) return;
  throw new PhaseError(
    'ConfigInvalid',
    `activity ${activityType} was asked to act for another run than its own, ${displayName(foreign.runId)}.`,
  );
}

function runsIn(input: unknown): { workflowId: string; runId: string }[] {
  const fields = z.record(z.string(), z.unknown()).safeParse(input);
  if (!fields.success) return [];
  return [fields.data, ...RUN_KEYS.map((key) => fields.data[key])].flatMap((candidate) => {
    const run = ofRun.safeParse(candidate);
    return run.success ? [run.data] : [];
  });
}
