import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Programs } from '../../../process/programs.ts';
import { PhaseError } from '../../phase-error.ts';
import { CommandScanner } from './command-scanner.ts';
import { databaseUri, OPEN_ARGUMENTS } from './connection.ts';
import { isOlder, requireSqlite } from './sqlite-version.ts';

/** `-safe` came with it (2021-11): no ATTACH, no function that touches a file or starts a program. */
const OLDEST_SAFE_SQLITE = '3.37.0';

/**
 * Makes a database of SQL text. The text may have been written by anybody: sqlite3 gets it with `-safe`, and no line that it would
 * take for a command of its own. (`.shell` is refused by `-safe`; `.trace` is not, and writes any file: sqlite3 3.40, measured.)
 *
 * @param database path of a file that is not there yet; its mode will be 0600
 * @param before SQL to begin with
 * @returns what sqlite3 said when it did not load; undefined when it did
 * @throws {PhaseError} DumpRejected for a text that holds a command; ToolMissing when sqlite3 has no `-safe`
 */
export async function loadText(
  programs: Programs,
  { file, database, before = '' }: { file: string; database: string; before?: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const version = await requireSqlite(programs, signal);
  if (isOlder(version, OLDEST_SAFE_SQLITE)) {
    throw new PhaseError(
      'ToolMissing',
      `sqlite3 ${version} cannot load SQL text safely: ${OLDEST_SAFE_SQLITE} or newer is needed, for its -safe. Install a newer sqlite3.`,
    );
  }
  // Made beforehand for its mode: sqlite3 would let others read it, and it may lie beside a live database.
  await (await open(database, 'wx', 0o600)).close();
  const { exitCode, stderr } = await programs.run({
    program: 'sqlite3',
    // By a URI: a file that it finds under the plain name is opened before -safe counts, with a module that writes files (3.40)
    args: ['-safe', ...OPEN_ARGUMENTS, databaseUri(database, 'rw')],
    input: withoutCommands(file, before),
    subject: file,
    signal,
  });
  return exitCode === 0 ? undefined : stderr;
}

/** The text as it is. @throws {PhaseError} DumpRejected at the first thing in it that no dump holds */
async function* withoutCommands(file: string, before: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(before);
  const scanner = new CommandScanner();
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    const problem = scanner.push(chunk as Buffer);
    if (problem !== undefined) {
      throw new PhaseError(
        'DumpRejected',
        `${file} ${problem}, which no dump of Holdfast does. It was not loaded; look at it by hand.`,
      );
    }
    yield chunk as Buffer;
  }
}
