import { z } from 'zod';
import { duration, wordUnlessAbsent } from './leaf.ts';
import { limitSchema } from './limit.ts';
import { scheduleSchema } from './schedule.ts';
import { environmentSchema, passwordSchema } from './secret.ts';

/** Backends of restic 0.19.1 (doc/030_preparing_a_new_repo.rst). */
const BACKENDS = ['local', 'sftp', 'rest', 's3', 'gs', 'azure', 'swift', 'b2', 'rclone'] as const;

const URL_WITH_PASSWORD = /:\/\/[^/\s:@]*:[^/\s@]+@/;

/** Says what is wrong with a location, without repeating it: it may hold a password. */
function locationProblem(location: string): string | undefined {
  if (URL_WITH_PASSWORD.test(location)) {
    return 'holds a password; give it to restic in environment instead, for example RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD';
  }
  const [, backend, rest = ''] = /^([a-z0-9]+):(.*)$/s.exec(location) ?? [];
  if (backend === undefined ? location.startsWith('/') : backend !== 'local' || rest.startsWith('/')) {
    return backend === undefined || isBackend(backend)
      ? undefined
      : `restic has no backend "${backend}"; there are ${BACKENDS.join(', ')}`;
  }
  return `must be an absolute path, or begin with a backend of restic and a colon: ${BACKENDS.join(', ')}`;
}

function isBackend(name: string): boolean {
  return (BACKENDS as readonly string[]).includes(name);
}

const locationSchema = z
  .string()
  .check(({ value, issues }) => {
    const problem = locationProblem(value);
    if (problem !== undefined) issues.push({ code: 'custom', input: undefined, message: problem });
  })
  .meta({
    description:
      'Whatever restic takes: /path, s3:https://host/bucket, sftp:user@host:/path, rest:https://host/ … No secret in it.',
    examples: ['/srv/restic', 's3:https://s3.example.org/backups', 'sftp:backup@host:/srv/restic'],
  });

const SUBSET_RULE = 'must be 1/N with N from 1 to 256, such as 1/8';

const DEADLINE = 'From the start until it is ended, or not tried again.';

const checkSchema = z
  .strictObject({
    schedule: scheduleSchema('When the repository is checked.'),
    deadline: duration('10s', DEADLINE).prefault('6h'),
    read_data_subset: z
      .string({ error: wordUnlessAbsent(SUBSET_RULE) })
      .regex(/^1\/([1-9]\d?|1\d\d|2[0-4]\d|25[0-6])$/, { error: SUBSET_RULE })
      .meta({ description: 'Reads this part of the data too, such as 1/8: the next eighth each time.' })
      .optional(),
  })
  .meta({ description: 'Regular check of the repository. Without it checks run only when asked for.' });

const pruneSchema = z
  .strictObject({
    schedule: scheduleSchema('When the repository is pruned.'),
    deadline: duration('10s', DEADLINE).prefault('6h'),
  })
  .meta({ description: 'Regular removal of data that no snapshot needs. Without it the repository only grows.' });

/** A restic repository. */
export const repositorySchema = z.strictObject({
  location: locationSchema,
  password: passwordSchema('The password of the repository, as { env: NAME }, { file: /path } or { command: [...] }.'),
  environment: environmentSchema,
  options: z
    .array(
      z.string().regex(/^[a-z0-9]+\.[A-Za-z0-9._-]+=/, {
        error: 'must look like backend.option=value, such as s3.storage-class=STANDARD_IA',
      }),
    )
    .meta({
      description: 'Options of restic (-o), such as s3.storage-class=STANDARD_IA. They show in the process list: no secret.',
    })
    .prefault([]),
  upload_limit: limitSchema(
    'How fast restic may send: a size per second such as 2MiB, or { default, timezone, windows } for other limits at times of day.',
  ),
  download_limit: limitSchema('How fast restic may fetch, as upload_limit.'),
  check: checkSchema.optional(),
  prune: pruneSchema.optional(),
});

export type RepositoryFile = z.output<typeof repositorySchema>;
