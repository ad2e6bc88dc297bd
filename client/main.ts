#!/usr/bin/env node
/**
 * The process around the command line: it alone in this folder reads process.env, listens to signals and exits.
 * Never here: a decision that a test would want to see.
 */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT } from './exit-codes.ts';
import type { Io } from './io.ts';
import { runProgram } from './program.ts';
import { createSink } from './sink.ts';

/** From `dist/client/main.js` as well as from `client/main.ts`: the nearest directory above with a package.json. */
function findPackageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json')) && directory !== dirname(directory)) directory = dirname(directory);
  return directory;
}

/** The tools that `scripts/setup.mjs` fetched come first, so that a checkout works without touching the system. */
function preferOwnTools(): void {
  const tools = join(findPackageRoot(), '.tools', 'bin');
  if (existsSync(tools)) process.env['PATH'] = [tools, process.env['PATH'] ?? ''].filter((part) => part !== '').join(delimiter);
}

/** The reader of results may leave early, as `head` does. Results that a full disk does not take are another matter. */
function endAfterLostResults(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  process.stderr.write(`holdfast: standard output cannot be written to: ${error.message}\n`);
  process.exit(EXIT.failed);
}

/** A worker whose log reader is gone, or whose log's disk is full, has to go on. */
function ignoreLostLog(): void {}

function createIo(): Io {
  return {
    stdout: createSink(process.stdout, endAfterLostResults),
    stderr: createSink(process.stderr, ignoreLostLog),
    environment: process.env,
    workingDirectory: process.cwd(),
    onSignal: (signal, listener) => {
      process.on(signal, listener);
      return () => void process.off(signal, listener);
    },
    exitNow: (exitCode) => process.exit(exitCode),
  };
}

/** An empty write is called back when everything before it has left: an exit would cut off what a slow pipe has not taken. */
async function flush(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}

preferOwnTools();
const exitCode = await runProgram(process.argv.slice(2), createIo());
await Promise.all([flush(process.stdout), flush(process.stderr)]);
process.exit(exitCode);
