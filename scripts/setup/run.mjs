// Starts programs for the set-up, without a shell, and finds them as a shell would.
import { execFile, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError } from './context.mjs';

const MINUTE_MS = 60_000;

/** First executable file called `program` in the directories of `path`, except in `without`. @returns {string | undefined} */
export function look(program, path, without) {
  for (const directory of path.split(delimiter)) {
    if (directory === '' || directory === without) continue;
    const file = join(directory, program);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not here; the next directory.
    }
  }
  return undefined;
}

/**
 * Runs a program and collects what it prints. Never throws: a program that cannot be started has code 127.
 *
 * @returns {Promise<{ code: number, output: string }>} standard output and error together, in that order
 */
export function capture(file, args, options = {}) {
  return new Promise((resolve) => {
    const settings = { timeout: 10 * MINUTE_MS, maxBuffer: 64 << 20, encoding: 'utf8', ...options };
    const child = execFile(file, args, settings, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      resolve({ code, output: [stdout, stderr].join('') });
    });
    child.stdin?.end();
  });
}

/** As {@link capture}, for a step that must succeed. @throws {SetupError} with the end of what the program printed. */
export async function must(file, args, options = {}) {
  const { code, output } = await capture(file, args, options);
  if (code !== 0) {
    const end = output.trim().split('\n').slice(-8).join('\n    ');
    throw new SetupError(`${[file, ...args].join(' ')} ended with code ${code}:\n    ${end}`);
  }
  return output;
}

/** Runs a long program whose output the operator sees. @throws {SetupError} unless it succeeds. */
export function show(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.on('error', (error) => reject(new SetupError(`${file} cannot be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new SetupError(`${[file, ...args].join(' ')} ended with ${signal ?? `code ${code}`}; what it said is above`));
    });
  });
}
