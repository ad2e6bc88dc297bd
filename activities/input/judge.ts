/**
 * Judges what comes from outside: input of workflows, and of activities too, since whoever reaches Temporal can schedule one.
 *
 * What must never be here: a message that repeats more of the input than a line of it, or anything that is touched before it is judged.
 */
import type { z } from 'zod';
import { PhaseError } from '../phase-error.ts';
import { displayText } from './display.ts';

/** Problems that one message names. */
const MAX_PROBLEMS = 3;
const MAX_PROBLEM = 150;

/**
 * The input as its schema has it.
 *
 * @param expected what the message begins with: `the input of a backup must be {"plan": "NAME"}`
 * @throws {PhaseError} ConfigInvalid
 */
export function judge<Schema extends z.ZodType>(schema: Schema, input: unknown, expected: string): z.infer<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const problems = issues.slice(0, MAX_PROBLEMS).map(({ path, message }) => {
    const where = path.length === 0 ? 'input' : path.map(String).join('.');
    return `${displayText(where)}: ${displayText(message, MAX_PROBLEM)}`;
  });
  const more = issues.length > MAX_PROBLEMS ? `; and ${issues.length - MAX_PROBLEMS} more problems` : '';
  throw new PhaseError('ConfigInvalid', `${expected}: ${problems.join('; ')}${more}`);
}
