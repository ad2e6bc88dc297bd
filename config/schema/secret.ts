import { z } from 'zod';
import { absolutePath } from './leaf.ts';

/** What to write in place of a secret. */
export const SECRET_ADVICE =
  'a secret is never written here; name the place that holds it: { env: NAME }, { file: /path } or { command: [program, argument] }';

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const variableName = z
  .string()
  .regex(VARIABLE_NAME, { error: 'must be the name of an environment variable: letters, digits and "_", no digit first' });

/** Where a secret is to be had. No message about it repeats what was written: it may be the secret itself. */
export const secretSchema = z
  .strictObject(
    {
      env: variableName.meta({ description: 'Name of an environment variable of the worker.' }).optional(),
      file: absolutePath('Absolute path of a file on the worker; one newline at its end is not part of the secret.').optional(),
      command: z
        .array(z.string().min(1, { error: 'is empty; write a program or an argument' }))
        .min(1, { error: 'must name a program, as in [pass, show, restic]' })
        .meta({ description: 'Program and arguments, run without a shell; the first line it prints is the secret.' })
        .optional(),
    },
    { error: (issue) => (['string', 'number', 'boolean'].includes(typeof issue.input) ? SECRET_ADVICE : undefined) },
  )
  .refine((value) => Object.keys(value).length === 1, {
    error: 'must have exactly one of env, file and command',
    when: ({ issues }) => issues.length === 0,
  })
  .meta({ minProperties: 1, maxProperties: 1 });

/** A password, as a reference. */
export function passwordSchema(description: string): typeof secretSchema {
  return secretSchema.meta({ minProperties: 1, maxProperties: 1, description });
}

/** Variables that Holdfast itself sets from `location` and `password`. */
const OWN_VARIABLES = /^RESTIC_(PASSWORD|REPOSITORY)(_FILE|_COMMAND)?$/;

const environmentName = variableName.refine((name) => !OWN_VARIABLES.test(name), {
  error: 'is set by Holdfast itself; use location and password of the repository',
});

const environmentValue = z.union([z.string(), secretSchema], {
  error: 'must be text in quotes, or a secret as { env: NAME }, { file: /path } or { command: [program, argument] }',
});

/** Environment for restic alone. */
export const environmentSchema = z
  .record(environmentName, environmentValue)
  .meta({
    description: 'Environment of restic alone: plain text, or secrets as { env: NAME }, { file: /path }, { command: [...] }.',
  })
  .prefault({});
