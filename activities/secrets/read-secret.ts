/**
 * Reads secrets where they are kept: the worker's environment, a file, a program.
 *
 * What must never be here: a cache, a log line, or a message that holds a value.
 */
import { readFile } from 'node:fs/promises';
import type { SecretReference } from '../../config/types.ts';
import type { Programs } from '../../process/programs.ts';
import { PhaseError } from '../phase-error.ts';

const COMMAND_TIMEOUT_MS = 30_000;

/** Says where a secret comes from, for messages: `file /run/secrets/restic`. Never its value, and of a command only the program. */
export function describeSecret(reference: SecretReference): string {
  switch (reference.kind) {
    case 'env':
      return `environment variable ${reference.name}`;
    case 'file':
      return `file ${reference.path}`;
    case 'command':
      return `command ${reference.argv[0] ?? ''}`;
  }
}

/** Creates the reader. Its result has no trailing newline, and is never empty. @throws {PhaseError} SecretUnavailable */
export function createSecretReader(deps: {
  programs: Programs;
  environment: Readonly<Record<string, string | undefined>>;
}): (reference: SecretReference, signal?: AbortSignal) => Promise<string> {
  return async (reference, signal) => {
    const value = await read(reference, deps, signal);
    const trimmed = value?.replace(/\r?\n$/, '');
    if (trimmed === undefined || trimmed === '') throw unavailable(reference, 'it is empty or not set');
    return trimmed;
  };
}

async function read(
  reference: SecretReference,
  deps: { programs: Programs; environment: Readonly<Record<string, string | undefined>> },
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  switch (reference.kind) {
    case 'env':
      return deps.environment[reference.name];
    case 'file':
      return readFile(reference.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        throw unavailable(reference, `it cannot be read (${error.code ?? error.message})`);
      });
    case 'command':
      return runCommand(reference, deps.programs, signal);
  }
}

async function runCommand(
  reference: Extract<SecretReference, { kind: 'command' }>,
  programs: Programs,
  signal: AbortSignal | undefined,
): Promise<string> {
  const [program = '', ...args] = reference.argv;
  const result = await programs.run({
    program,
    args,
    timeoutMs: COMMAND_TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  if (result.exitCode !== 0) throw unavailable(reference, `it ended with exit code ${result.exitCode}`);
  return result.stdout;
}

function unavailable(reference: SecretReference, why: string): PhaseError {
  return new PhaseError(
    'SecretUnavailable',
    `no secret from ${describeSecret(reference)}: ${why}. Check it on the worker's machine.`,
  );
}
