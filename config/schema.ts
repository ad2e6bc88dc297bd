import { z } from 'zod';
import { count, duration, hostSchema, nameSchema, ownDirectory } from './schema/leaf.ts';
import { notificationSchema } from './schema/notification.ts';
import { planSchema } from './schema/plan.ts';
import { prioritySchema } from './schema/priority.ts';
import { repositorySchema } from './schema/repository.ts';

/**
 * The shape of `holdfast.yaml`: what each value must be by itself. What values must be to each other is in checks/.
 *
 * Descriptions and defaults end up in `holdfast.schema.json`, which editors show.
 */
export const configurationSchema = z
  .strictObject({
    version: z
      .literal(1, { error: 'must be 1: the version of this file’s format, the only one that there is' })
      .meta({ description: 'Version of this file’s format.' }),
    host: hostSchema.meta({ description: 'This machine’s constant identity in snapshots, schedules and the task queue.' }),
    staging_directory: ownDirectory('Absolute directory in which runs lay out their sources. Needs room for the largest plan.'),
    state_directory: ownDirectory('Absolute directory of what Holdfast keeps between runs.'),
    restore_directory: ownDirectory('Absolute directory that restores go to.'),
    max_parallel_runs: count(
      1,
      'So many backup runs are at work on this host at a time. More wait for their turn, in the order in which they came.',
    ).prefault(1),
    max_parallel_dumps: count(
      1,
      'So many databases are dumped at a time, of all plans together. Default 2; each keeps one or two cores and its disk busy.',
    ).prefault(2),
    no_progress_timeout: duration(
      '10s',
      'A program that a phase runs (restic, sqlite3, a dump client, tar) and that does nothing for so long is ended, and the phase is tried again. Default 15m.',
    ).prefault('15m'),
    priority: prioritySchema.optional(),
    repositories: z.record(nameSchema, repositorySchema).meta({ description: 'restic repositories, by name.' }),
    plans: z.record(nameSchema, planSchema).meta({ description: 'What is backed up, where to and when, by name.' }),
    notifications: z.array(notificationSchema).meta({ description: 'Who is told how runs end.' }).prefault([]),
  })
  .meta({ title: 'holdfast.yaml', description: 'Configuration of Holdfast.' });

/** The file's shape as it may be written: what has a default may be left out. */
export type ConfigurationInput = z.input<typeof configurationSchema>;
/** The file's shape with defaults applied and units read. */
export type ConfigurationFile = z.output<typeof configurationSchema>;
