import { createHash } from 'node:crypto';
import type { Configuration, Plan, SecretReference } from './types.ts';

/** Anything that JSON can hold. */
type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/**
 * The resolved configuration as plain values for `config show`: snake_case keys with units, defaults applied, plans naming their
 * repository, secrets as references.
 */
export function describeConfiguration(configuration: Configuration): { [key: string]: JsonValue } {
  const plans = new Map([...configuration.plans].map(([name, plan]) => [name, withRepositoryName(plan)]));
  return toJson({ ...configuration, plans }) as { [key: string]: JsonValue };
}

/**
 * SHA-256 of the resolved configuration, 64 hexadecimal digits: equal for files that mean the same. The place of the file does
 * not count, and no secret goes in.
 */
export function configurationHash(configuration: Configuration): string {
  const { file: _, ...content } = describeConfiguration(configuration);
  return createHash('sha256')
    .update(JSON.stringify(sorted(content)))
    .digest('hex');
}

function withRepositoryName(plan: Plan): Omit<Plan, 'repository'> & { repository: string } {
  return { ...plan, repository: plan.repository.name };
}

function toJson(value: unknown): JsonValue {
  if (value instanceof Map) return mapValues(Object.fromEntries(value), (name) => name);
  if (Array.isArray(value)) return value.map((item) => toJson(item));
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  return isSecretReference(value) ? describeSecret(value) : mapValues(value, snakeCase);
}

function mapValues(object: object, rename: (key: string) => string): JsonValue {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, item]) => item !== undefined)
      // The names of variables are the operator's own.
      .map(([key, item]) => [rename(key), key === 'environment' ? mapValues(item as object, (name) => name) : toJson(item)]),
  );
}

function isSecretReference(value: object): value is SecretReference {
  return 'kind' in value && ['env', 'file', 'command'].includes(String(value.kind));
}

/** As the file has it. */
function describeSecret(reference: SecretReference): JsonValue {
  switch (reference.kind) {
    case 'env':
      return { env: reference.name };
    case 'file':
      return { file: reference.path };
    case 'command':
      return { command: [...reference.argv] };
  }
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
