import { z } from 'zod';
import { RESTIC_DURATION_PATTERN } from '../units.ts';
import { hooksSchema } from './hooks.ts';
import { count, duration, nameSchema, ownDirectory, wordUnlessAbsent } from './leaf.ts';
import { scheduleSchema } from './schedule.ts';
import { sourcesSchema } from './sources.ts';
import { verificationSchema } from './verification.ts';

/** Tags that Holdfast sets itself. */
const OWN_TAGS = /^(plan|run):/;

const tagSchema = z
  .string()
  .regex(/^[^,\s]+$/, { error: 'a tag is not empty and has neither commas nor spaces', abort: true })
  .refine((tag) => !OWN_TAGS.test(tag), { error: 'tags that begin with "plan:" or "run:" are set by Holdfast itself' });

const archiveSchema = z
  .strictObject({
    directory: ownDirectory('Absolute directory that the archives are written to.'),
    format: z.enum(['tar.zst', 'tar.gz']).meta({ description: 'How the archive is packed.' }).prefault('tar.zst'),
    keep_days: count(0, 'Archives older than so many days are removed.').prefault(7),
    keep_at_least: count(1, 'So many newest archives stay however old they are.').prefault(2),
  })
  .meta({ description: 'A local archive of each run, beside the snapshot.' });

const WITHIN_RULE = 'must be a duration of restic: years, months, days, hours, such as 1y6m, 14d or 36h';

const retentionSchema = z
  .strictObject({
    keep_last: count(0, 'So many newest snapshots stay.').optional(),
    keep_hourly: count(0, 'The newest snapshot of so many hours stays.').optional(),
    keep_daily: count(0, 'The newest snapshot of so many days stays.').optional(),
    keep_weekly: count(0, 'The newest snapshot of so many weeks stays.').optional(),
    keep_monthly: count(0, 'The newest snapshot of so many months stays.').optional(),
    keep_yearly: count(0, 'The newest snapshot of so many years stays.').optional(),
    keep_within: z
      .string({ error: wordUnlessAbsent(WITHIN_RULE) })
      .regex(RESTIC_DURATION_PATTERN, { error: WITHIN_RULE })
      .meta({ description: 'All snapshots stay that are at most so much older than the newest: 1y6m, 14d, 36h (m is a month).' })
      .optional(),
  })
  .meta({
    description: 'Which snapshots stay, as restic forget has it. At least one rule. Without it nothing is ever forgotten.',
  });

/** What is backed up, where to, and when. */
export const planSchema = z.strictObject({
  repository: nameSchema.meta({ description: 'Name of the repository that the snapshots go to.' }),
  schedule: scheduleSchema('When the plan runs. Without it the plan runs only when asked for.').optional(),
  tags: z.array(tagSchema).meta({ description: 'Tags of each snapshot, besides plan:<name> and run:<id>.' }).prefault([]),
  deadline: duration('10s', 'From the start of a run until nothing of it is retried any more.').prefault('6h'),
  max_age: duration(
    '1m',
    'Without a success for longer the plan counts as overdue. Without it: 1.5 intervals of its schedule.',
  ).optional(),
  sources: sourcesSchema,
  archive: archiveSchema.optional(),
  retention: retentionSchema.optional(),
  verification: verificationSchema.optional(),
  hooks: hooksSchema.optional(),
});

export type PlanFile = z.output<typeof planSchema>;
export type RetentionFile = z.output<typeof retentionSchema>;
