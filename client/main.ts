#!/usr/bin/env node
/**
 * The process around the command line: it alone in this folder reads process.env, listens to signals and exits.
 * Never here: a decision that a test would want to see.
 */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT } from './exit-codes.ts';
import type { Io, TextSink } from './io.ts';
import { runProgram } from './program.ts';

const DEFAULT_COLUMNS = 80;

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

function createSink(stream: NodeJS.WriteStream): TextSink {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    // The reader of results may leave early, as `head` does. A worker whose log reader is gone has to go on.
    if (stream === process.stdout) process.exit(EXIT.done);
  });
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY,
    columns: () => (stream.isTTY ? stream.columns : DEFAULT_COLUMNS),
  };
}

function createIo(): Io {
  return {
    stdout: createSink(process.stdout),
    stderr: createSink(process.stderr),
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
