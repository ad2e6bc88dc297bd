import { posix } from 'node:path';
import type { z } from 'zod';
import type { secretSchema } from './schema/secret.ts';
import type { SecretReference } from './types.ts';

/** Turns `{ env }`, `{ file }` or `{ command }` into a reference. */
export function resolveSecret({ env, file, command }: z.output<typeof secretSchema>): SecretReference {
  if (env !== undefined) return { kind: 'env', name: env };
  if (file !== undefined) return { kind: 'file', path: posix.resolve(file) };
  return { kind: 'command', argv: command ?? [] };
}
