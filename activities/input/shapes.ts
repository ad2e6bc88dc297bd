import { z } from 'zod';
import { SOURCE_KINDS } from '../../contract/backup.ts';

/** Shapes of what names things. They say what can be such a name at all; whether there is such a thing is asked of the configuration. */

/** As config/schema/leaf.ts has it, for plans, repositories and sources. */
const NAME = '[a-z0-9][a-z0-9_-]{0,62}';

/** What a plan or repository can be called in the input of a workflow. Longer ones are refused before they are looked up. */
export const wantedName = z.string().max(100);

export const plainName = z.string().regex(new RegExp(`^${NAME}$`), { error: 'is no name of the configuration' });

/** `sqlite/tracker` */
export const sourceIdShape = z
  .string()
  .regex(new RegExp(`^(?:${SOURCE_KINDS.join('|')})/${NAME}$`), { error: 'is no source; write it as sqlite/NAME' });

/** 64 hexadecimal digits. */
export const snapshotIdShape = z.string().regex(/^[0-9a-f]{64}$/, { error: 'is no id of a snapshot' });

/** What Temporal makes run ids of: they are part of file names. */
export const runIdShape = z.string().regex(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/, { error: 'is no run id' });

/** Temporal takes any text of up to 1 000 bytes. It is never part of a path. */
export const workflowIdShape = z.string().max(1_000);

/** As `Date.toISOString` has it: part of file names. */
export const timeShape = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/, { error: 'is no time in UTC' });

/** Where servers keep accounts and their own workings: no dump of a plan belongs there. */
const SYSTEM_DATABASES = ['mysql', 'sys', 'information_schema', 'performance_schema'];

/** A database that a dump may be loaded into. */
export const databaseName = z
  .string()
  .min(1)
  .max(64)
  .refine((name) => !/\p{C}/u.test(name), { error: 'is no name of a database' })
  .refine((name) => !SYSTEM_DATABASES.includes(name.trim().toLowerCase()), { error: "is a database of the server's own" });

/** Path inside a snapshot: never absolute, never upwards. */
export const insidePath = z
  .string()
  .max(4_096)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..') && !path.includes('\0'), {
    error: 'must be a path inside the snapshot, such as files/config/app.toml',
  });
