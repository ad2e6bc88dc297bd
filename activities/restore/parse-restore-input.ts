import { z } from 'zod';
import type { RestoreInput } from '../../contract/restore.ts';
import { PhaseError } from '../phase-error.ts';

const name = z.string().min(1).max(200);

/** Path inside a snapshot: never absolute, never upwards. */
const insidePath = z
  .string()
  .max(4_096)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..') && !path.includes('\0'), {
    message: 'must be a path inside the snapshot, such as files/config/app.toml',
  });

const selection = { plan: z.string().max(100), snapshot: name.optional(), at: name.optional() };

const restoreInput = z.strictObject({
  ...selection,
  only: z.array(name).min(1).max(1_000).optional(),
  file: insidePath.min(1).optional(),
  from: z.enum(['repository', 'archive']).optional(),
  in_place: z.boolean().optional(),
  load: name.optional(),
  into: name.max(64).optional(),
  confirmed: z.boolean().optional(),
});

const listInput = z.strictObject({ ...selection, path: insidePath.optional() });

/** A restore that was asked for, with its defaults. */
export type RestoreRequest = z.infer<typeof restoreInput> & { from: 'repository' | 'archive' };

/** Judges the input of a restore: it came from outside. @throws {PhaseError} ConfigInvalid */
export function parseRestoreInput(input: unknown): RestoreRequest {
  const request = parse(restoreInput, input) satisfies Record<keyof RestoreInput, unknown> | object;
  for (const [given, other] of EXCLUSIVE) {
    if (request[given] !== undefined && request[other] !== undefined) {
      throw new PhaseError('ConfigInvalid', `a restore takes either ${given} or ${other}, not both.`);
    }
  }
  if (request.into !== undefined && request.load === undefined) {
    throw new PhaseError('ConfigInvalid', 'into names the database for load: name a source to load, such as mysql/tracker.');
  }
  return { ...request, from: request.from ?? 'repository' };
}

const EXCLUSIVE = [
  ['snapshot', 'at'],
  ['only', 'file'],
  ['file', 'in_place'],
  ['file', 'load'],
  ['in_place', 'load'],
  ['only', 'load'],
] as const;

/** Judges the input of `listFiles`. @throws {PhaseError} ConfigInvalid */
export function parseListInput(input: unknown): z.infer<typeof listInput> {
  return parse(listInput, input);
}

function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`).join('; ');
  throw new PhaseError('ConfigInvalid', `the input must be {"plan": "NAME", …}: ${problems}`);
}
