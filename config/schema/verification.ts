import { z } from 'zod';
import { absolutePath, nameSchema, relativePath, text } from './leaf.ts';
import { scheduleSchema } from './schedule.ts';
import { passwordSchema } from './secret.ts';

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

const scratchMysqlSchema = z
  .strictObject({
    host: text('Name or address of the server. Either this or socket.').optional(),
    port: z.int().min(1).max(65_535).meta({ description: 'Port of the server; 3306 when left out.' }).optional(),
    socket: absolutePath('Absolute path of the server’s Unix socket, in place of host and port.').optional(),
    user: text('Who logs in; needs all rights on databases named holdfast_drill_….'),
    password: passwordSchema('Password of the user, as { env: NAME }, { file: /path } or { command: [...] }.').optional(),
    tls: z
      .enum(['disabled', 'preferred', 'required', 'verify'])
      .meta({ description: 'Encryption of the connection; verify also checks the server’s certificate and name.' })
      .prefault('preferred'),
    tls_ca: absolutePath('PEM file of the authority that signed the server’s certificate, with tls: verify.').optional(),
  })
  .refine(({ host, socket }) => (host === undefined) !== (socket === undefined), { error: 'needs either host or socket' })
  .refine(({ port, socket }) => port === undefined || socket === undefined, {
    error: 'has a port beside a socket; keep one of them',
  })
  .meta({ description: 'A server for MySQL dumps to be loaded into. Without it the drill starts mariadbd or mysqld itself.' });

/** The regular drill of a plan. */
export const verificationSchema = z
  .strictObject({
    schedule: scheduleSchema('When the drill takes place.'),
    required_files: z
      .array(relativePath('A path in the stage, such as sqlite/tracker.db or files/config/etc/tracker.toml.'))
      .meta({ description: 'Files that a restored snapshot must hold, as paths in the stage.' })
      .prefault([]),
    scratch: z
      .strictObject({ mysql: scratchMysqlSchema.optional() })
      .meta({ description: 'Places for the drill to restore databases into.' })
      .prefault({}),
    queries: z.array(querySchema).meta({ description: 'Questions to the restored databases.' }).prefault([]),
  })
  .meta({ description: 'The drill: restores the newest snapshot into a scratch place and compares it with its manifest.' });

export type VerificationFile = z.output<typeof verificationSchema>;
export type ScratchMysqlFile = NonNullable<VerificationFile['scratch']['mysql']>;
