import { z } from 'zod';
import { DURATION_PATTERN, parseDuration, parseRatio } from '../units.ts';

/** Values that occur in many places of the file. Their messages say what to write instead. */

const NAME_RULE = 'a name is made of a-z, 0-9, "-" and "_", begins with a letter or digit and has at most 63 characters';

/** Names become directories, tags, schedule ids and metric labels, so they are kept plain. */
export const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, { error: NAME_RULE });

/** As a name, and with capitals and dots: host names have them. */
export const hostSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, {
  error: 'a host is made of letters, digits, ".", "-" and "_", begins with a letter or digit and has at most 63 characters',
});

/** An absolute path without `..`. Nothing is looked up: the file may lie on another machine or come later. */
export function absolutePath(description: string): z.ZodString {
  return z
    .string()
    .regex(/^\//, { error: 'must be an absolute path, beginning with "/"', abort: true })
    .refine((path) => !path.includes('\0'), { error: 'must not hold a NUL character' })
    .refine((path) => !path.split('/').includes('..'), { error: 'must not hold ".."; write the directory it stands for' })
    .meta({ description });
}

/** An absolute path of a directory that Holdfast fills and empties itself. */
export function ownDirectory(description: string): z.ZodString {
  return absolutePath(description).refine((path) => !/^[/.]*$/.test(path), { error: 'must not be the root directory' });
}

/** A path or glob below a directory. */
export function relativePath(description: string): z.ZodString {
  return z
    .string()
    .min(1, { error: 'is empty; write a path' })
    .refine((path) => !path.startsWith('/'), { error: 'must be relative, without a "/" at its start' })
    .refine((path) => !path.includes('\0'), { error: 'must not hold a NUL character' })
    .refine((path) => !path.split('/').includes('..'), { error: 'must not hold ".."' })
    .meta({ description });
}

export function text(description: string): z.ZodString {
  return z.string().min(1, { error: 'is empty; write a value or remove the line' }).meta({ description });
}

const DURATION_RULE = 'must be a duration such as 30s, 5m, 12h or 7d';

/** The rule of a value, for a wrong type too; what is missing or empty is said in the general words. */
export function wordUnlessAbsent(rule: string): (issue: { readonly input?: unknown }) => string | undefined {
  return ({ input }) => (input === undefined || input === null ? undefined : rule);
}

/** `30s`, `5m`, `12h`, `7d`, of at least `minimum`; in milliseconds afterwards. */
export function duration(minimum: string, description: string): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  const minimumMs = parseDuration(minimum) ?? 0;
  return z
    .string({ error: wordUnlessAbsent(DURATION_RULE) })
    .regex(DURATION_PATTERN, { error: DURATION_RULE, abort: true })
    .refine((value) => (parseDuration(value) ?? 0) >= minimumMs, { error: `must be at least ${minimum}` })
    .meta({ description: `${description} A duration: 30s, 5m, 12h, 7d.` })
    .transform((value) => parseDuration(value) ?? 0);
}

const RATIO_RULE = 'must be a percentage from 0% to 100%, such as 50%, or a number from 0 to 1';

const ratioSchema = z.union([z.string().regex(/^\d{1,3}(\.\d+)?%$/, { error: RATIO_RULE }), z.number()], { error: RATIO_RULE });

/** By how much a source may shrink before it is taken for damaged. */
export const maxShrinkSchema = ratioSchema
  .refine((value) => parseRatio(value) !== undefined, { error: RATIO_RULE })
  .meta({
    description:
      'How much smaller than in the last good run this source may be: a percentage such as 50%, or a number from 0 to 1. Beyond it the run warns and forgets no old snapshot.',
  })
  .transform((value) => parseRatio(value) ?? 0)
  .prefault('50%');

/** When a chain of deltas begins anew. */
export const rebaseSchema = ratioSchema
  .refine((value) => parseRatio(value) !== undefined, { error: RATIO_RULE })
  .meta({
    description:
      'With method incremental: how large all changes together may get, as a part of the copy that they are changes of, before a new copy is made; 100% when left out.',
  })
  .transform((value) => parseRatio(value) ?? 1)
  .optional();

/** A whole number of things to keep, days to wait and the like. */
export function count(minimum: number, description: string): z.ZodInt {
  return z.int().min(minimum).max(100_000).meta({ description });
}
