import type { Programs } from '../../../process/programs.ts';
import { PhaseError } from '../../phase-error.ts';

/** 3.33 (2020-08) brought `-json`, the name `sqlite_schema` and `quick_check` of one table; VACUUM INTO came with 3.27. */
export const OLDEST_SQLITE = '3.33.0';

const VERSION_TIMEOUT_MS = 10_000;

/**
 * Version of the sqlite3 program, for example `3.40.1`.
 *
 * @throws {ProgramMissing}
 * @throws {PhaseError} ToolMissing when it is too old.
 */
export async function requireSqlite(programs: Programs, signal: AbortSignal): Promise<string> {
  const result = await programs.run({ program: 'sqlite3', args: ['--version'], signal, timeoutMs: VERSION_TIMEOUT_MS });
  const version = /^\d+\.\d+(\.\d+)?/.exec(result.stdout)?.[0];
  if (version !== undefined && !isOlder(version, OLDEST_SQLITE)) return version;
  throw new PhaseError(
    'ToolMissing',
    `sqlite3 ${version ?? 'of unknown version'} is too old: ${OLDEST_SQLITE} or newer is needed. ` +
      "Install a newer sqlite3 on the worker's machine; `holdfast doctor` shows which one is found.",
  );
}

/** Compares two versions number by number. */
export function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split('.').map(Number));
  for (const [index, number] of (right ?? []).entries()) {
    const difference = (left?.[index] ?? 0) - number;
    if (difference !== 0) return difference < 0;
  }
  return false;
}
