import { z } from 'zod';
import { nameSchema, relativePath, text } from './leaf.ts';
import { scheduleSchema } from './schedule.ts';

const querySchema = z
  .strictObject({
    sqlite: nameSchema.meta({ description: 'Name of a SQLite source of this plan. Either this or mysql.' }).optional(),
    mysql: nameSchema.meta({ description: 'Name of a MySQL source of this plan. Either this or sqlite.' }).optional(),
    sql: text('A query that gives one value.'),
    equals: z
      .union([z.string(), z.number()], { error: 'must be text or a number' })
      .meta({ description: 'The value must be this.' })
      .optional(),
    at_least: z.number().meta({ description: 'The value must be this or more.' }).optional(),
    at_most: z.number().meta({ description: 'The value must be this or less.' }).optional(),
    not_empty: z.boolean().meta({ description: 'true: there must be a value, neither NULL nor empty.' }).optional(),
  })
  .meta({ description: 'A question to the restored copy, with at least one of equals, at_least, at_most and not_empty.' });

/** The regular drill of a plan. */
export const verificationSchema = z
  .strictObject({
    schedule: scheduleSchema('When the drill takes place.'),
    required_files: z
      .array(relativePath('A path in the stage, such as sqlite/tracker.db or files/config/etc/tracker.toml.'))
      .meta({ description: 'Files that a restored snapshot must hold, as paths in the stage.' })
      .prefault([]),
    queries: z.array(querySchema).meta({ description: 'Questions to the restored databases.' }).prefault([]),
  })
  .meta({ description: 'The drill: restores the newest snapshot into a scratch place and compares it with its manifest.' });

export type VerificationFile = z.output<typeof verificationSchema>;
