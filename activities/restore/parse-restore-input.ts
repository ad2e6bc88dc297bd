import { z } from 'zod';
import type { RestoreInput } from '../../contract/restore.ts';
import { judge } from '../input/judge.ts';
import { databaseName, insidePath, sourceIdShape, wantedName } from '../input/shapes.ts';
import { PhaseError } from '../phase-error.ts';
import { parseTime } from './choose-backup.ts';

/** `latest`, an id of restic's or the name of an archive, or the beginning of one. */
const backupId = z
  .string()
  .regex(/^\w[\w.-]{0,199}$/, { error: 'is neither an id of a snapshot, nor the name of an archive, nor latest' });

const selection = { plan: wantedName, snapshot: backupId.optional(), at: z.string().max(40).optional() };

const restoreInput = z.strictObject({
  ...selection,
  only: z.array(sourceIdShape).min(1).max(1_000).optional(),
  file: insidePath.min(1).optional(),
  from: z.enum(['repository', 'archive']).optional(),
  in_place: z.boolean().optional(),
  load: sourceIdShape.optional(),
  into: databaseName.optional(),
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

/** A time that is none is refused here, before restic is asked for anything. */
function parse<Request extends { at?: string | undefined }>(schema: z.ZodType<Request>, input: unknown): Request {
  const request = judge(schema, input, 'the input must be {"plan": "NAME", …}');
  if (request.at !== undefined) parseTime(request.at);
  return request;
}
