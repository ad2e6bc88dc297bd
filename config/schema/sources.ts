import { z } from 'zod';
import { absolutePath, maxShrinkSchema, nameSchema, rebaseSchema, relativePath, text } from './leaf.ts';
import { passwordSchema } from './secret.ts';

const filesSchema = z
  .strictObject({
    base: absolutePath('Absolute directory that paths are relative to.'),
    paths: z
      .array(relativePath('A path or glob below base; it must match something.'))
      .meta({ description: 'Paths and globs below base. Each must match something.' })
      .prefault([]),
    optional_paths: z
      .array(relativePath('A path or glob below base; it may match nothing.'))
      .meta({ description: 'As paths, but may match nothing.' })
      .prefault([]),
    exclude: z
      .array(text('A glob.'))
      .meta({ description: 'Globs that are left out; one without a slash is compared with the base name at any depth.' })
      .prefault([]),
    max_shrink: maxShrinkSchema,
  })
  .meta({ description: 'A set of files and directories.' });

const sqliteSchema = z
  .strictObject({
    path: absolutePath('Absolute path of the database file.'),
    method: z
      .enum(['auto', 'incremental', 'vacuum_into', 'sql'])
      .meta({
        description:
          'auto: pin the database and copy it, else VACUUM INTO. incremental: keep a copy and store the pages that changed since, for large databases. sql: a text dump.',
      })
      .prefault('auto'),
    rebase_at: rebaseSchema,
    allow_writer_stall: z
      .boolean()
      .meta({
        description: 'Outside WAL mode writers wait while the database is copied; true accepts that also above 4 seconds.',
      })
      .prefault(false),
    max_shrink: maxShrinkSchema,
  })
  .meta({ description: 'A SQLite database that may be in use.' });

const mysqlSchema = z
  .strictObject({
    host: text('Name or address of the server. Either this or socket.').optional(),
    port: z.int().min(1).max(65_535).meta({ description: 'Port of the server; 3306 when left out.' }).optional(),
    socket: absolutePath('Absolute path of the server’s Unix socket, in place of host and port.').optional(),
    user: text('Who logs in.'),
    password: passwordSchema(
      'Password of the user, as { env: NAME }, { file: /path } or { command: [...] }. Without it the server must know the user by the socket.',
    ).optional(),
    database: text('Name of the database.'),
    tls: z
      .enum(['disabled', 'preferred', 'required', 'verify'])
      .meta({ description: 'Encryption of the connection; verify also checks the server’s certificate and name.' })
      .prefault('preferred'),
    tls_ca: absolutePath('PEM file of the authority that signed the server’s certificate, with tls: verify.').optional(),
    structure_only: z
      .array(text('Name of a table.'))
      .meta({ description: 'Tables whose structure is dumped without their rows.' })
      .prefault([]),
    method: z
      .enum(['dump', 'incremental'])
      .meta({
        description:
          'dump: the whole text each time. incremental: keep one text and store what differs from the dump before, for databases that change a little everywhere.',
      })
      .prefault('dump'),
    rebase_at: rebaseSchema,
    max_shrink: maxShrinkSchema,
  })
  .meta({ description: 'A MySQL or MariaDB database.' });

/** What a plan backs up, by kind and name. */
export const sourcesSchema = z
  .strictObject({
    files: z.record(nameSchema, filesSchema).meta({ description: 'Sets of files, by name.' }).prefault({}),
    sqlite: z.record(nameSchema, sqliteSchema).meta({ description: 'SQLite databases, by name.' }).prefault({}),
    mysql: z.record(nameSchema, mysqlSchema).meta({ description: 'MySQL and MariaDB databases, by name.' }).prefault({}),
  })
  .meta({ description: 'What is backed up. At least one.' });

export type SourcesFile = z.output<typeof sourcesSchema>;
export type FilesSourceFile = z.output<typeof filesSchema>;
export type SqliteSourceFile = z.output<typeof sqliteSchema>;
export type MysqlSourceFile = z.output<typeof mysqlSchema>;
