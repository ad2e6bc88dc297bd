import { ProgramKilled } from '../../../process/errors.ts';
import type { ProgramResult, Programs } from '../../../process/programs.ts';
import { unlessAborted } from './unless-aborted.ts';

/** One row of an answer, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** A sqlite3 child that has a database open and is talked to. */
export interface Connection {
  /**
   * Runs SQL or dot-commands and returns all rows that they print, once all have ended.
   *
   * @throws {ConnectionLost} at the first statement that fails.
   * @throws {ProgramStalled} when it made no progress for too long.
   * @throws {ProgramKilled} when somebody else ended the child.
   * @throws the reason of the signal.
   */
  query(sql: string): Promise<Row[]>;
  /** Ends the child, and with it every lock that it holds; returns when it is gone. Never throws; may be called again. */
  close(): Promise<void>;
}

/** sqlite3 ended at an error, which `stderr` tells. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  readonly stderr: string;

  constructor(stderr: string) {
    super(stderr === '' ? 'sqlite3 ended unexpectedly' : stderr);
    this.stderr = stderr;
  }
}

/** How long a statement waits for another process's lock. */
const BUSY_TIMEOUT_MS = 5_000;
/** After a cancel a child may still close the database properly within this time. */
const CANCEL_GRACE_MS = 200;
/** Closing a database's last connection writes its WAL back, which may take a while. */
const CLOSE_GRACE_MS = 30_000;
/** Arguments of sqlite3 ahead of the database: stop at the first error, read no settings of the user, answer as JSON. */
export const OPEN_ARGUMENTS: readonly string[] = ['-batch', '-bail', '-init', '/dev/null', '-json'];
/**
 * First lines of what sqlite3 is told. What a schema says is not trusted: the shell's own `edit()` starts a program, and a view, a
 * generated column or a CHECK could call it (sqlite.org/src/doc/trunk/doc/trusted-schema.md).
 */
export const PREPARE = `.timeout ${BUSY_TIMEOUT_MS}\nPRAGMA trusted_schema=OFF;`;
/** Rows begin with `[` or `{`, so no data can look like this. */
const END_OF_ANSWER = '-- end of answer';

/** `rw`: the live database, which is never created. `immutable`: a file that nobody writes; leaves nothing beside it. */
export type OpenMode = 'rw' | 'immutable';

/**
 * Name of a database file as a URI (sqlite.org/uri.html): `?`, `#`, `%` and the like in a path keep their meaning as characters.
 */
export function databaseUri(path: string, mode: OpenMode): string {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return `file:${encoded}?${mode === 'rw' ? 'mode=rw' : 'mode=ro&immutable=1'}`;
}

/** Whether somebody else may have the database open: while a child reads it, writers wait or its log grows. */
function isLive(uri: string): boolean {
  return uri.endsWith('?mode=rw');
}

/** For messages. */
function pathOf(uri: string): string {
  return decodeURIComponent(uri.replace(/^file:/, '').replace(/\?.*$/, ''));
}

/**
 * Starts sqlite3 on a database. It opens the file at the first statement, so nothing is known of the database yet.
 *
 * @throws {ProgramMissing}
 */
export async function connect(programs: Programs, uri: string, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const killer = new AbortController();
  const program = await programs.start({
    program: 'sqlite3',
    args: [...OPEN_ARGUMENTS, uri],
    signal: killer.signal,
    killAfterMs: CLOSE_GRACE_MS,
    subject: pathOf(uri),
    keepsPriority: isLive(uri),
  });
  const timers: NodeJS.Timeout[] = [];
  const killAfter = (ms: number) => void timers.push(setTimeout(() => killer.abort(new Error('closed')), ms));
  const cancel = () => killAfter(CANCEL_GRACE_MS);
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  program.write(`${PREPARE}\n`);

  async function query(sql: string): Promise<Row[]> {
    signal.throwIfAborted();
    program.write(`${sql}\n.print "${END_OF_ANSWER}"\n`);
    const rows: Row[] = [];
    for (;;) {
      const line = await program.whileItWorks(async () => unlessAborted(program.lines.next(), signal));
      if (line.done === true) throw lost(await program.stop());
      if (line.value === END_OF_ANSWER) return rows;
      rows.push(parseRow(line.value));
    }
  }

  async function end(): Promise<void> {
    const ended = program.stop().catch(() => undefined);
    while ((await program.lines.next()).done !== true);
    await ended;
    signal.removeEventListener('abort', cancel);
    for (const timer of timers) clearTimeout(timer);
  }

  let ended: Promise<void> | undefined;
  return { query, close: () => (ended ??= end()) };
}

function lost({ signal, stderr }: ProgramResult): Error {
  return signal === undefined ? new ConnectionLost(stderr.trim()) : new ProgramKilled('sqlite3', signal);
}

/** Opens a connection for a body, and closes it whatever happens. */
export async function withConnection<Result>(
  open: () => Promise<Connection>,
  body: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await open();
  try {
    return await body(connection);
  } finally {
    await connection.close();
  }
}

/** `-json` prints one row a line, and brackets around all (sqlite3 3.40, shell.c): `[{"a":1},` `{"a":2}]`. */
export function parseRow(line: string): Row {
  return JSON.parse(line.replace(/^\[/, '').replace(/[,\]]$/, '')) as Row;
}

/** Quotes a name for SQL: whatever it holds, it stays one identifier. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text for SQL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
