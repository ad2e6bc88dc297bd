import { createHash } from 'node:crypto';

/** Raised when the same definition has to be sent again, as after a change in how it is sent. */
const FORMAT = 1;

/** SHA-256 of a plain value in canonical JSON: keys sorted at each level, undefined fields left out. 64 hexadecimal digits. */
export function hashSchedule(definition: unknown): string {
  return createHash('sha256')
    .update(canonicalJson({ format: FORMAT, definition }))
    .digest('hex');
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (isPlainObject(item) ? sortKeys(item) : item));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sortKeys(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
