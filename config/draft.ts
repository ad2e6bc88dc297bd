import type { ConfigurationFinding } from './finding.ts';
import { type DocumentPath, isWithin, renderPath } from './path.ts';
import type { ConfigurationInput } from './schema.ts';

/** A type of which anything may be missing, at any depth. */
export type Partially<T> = T extends readonly (infer Item)[]
  ? readonly (Partially<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Partially<T[Key]> | undefined }
    : T;

/**
 * What is left of a document without the values that the schema refused, so that the checks across values can run and all
 * problems are reported at once. A refused value is undefined, and its key stays: its name is still taken.
 */
export interface Draft {
  readonly file: Partially<ConfigurationInput>;
  /** True when something at or below `path` was refused: then nothing can be said of what is missing there. */
  isDoubtful(path: DocumentPath): boolean;
}

/** `data` must be what the schema was given, `refused` all that it found. */
export function createDraft(data: unknown, refused: readonly ConfigurationFinding[]): Draft {
  const refusedPaths = new Set(refused.map(({ path }) => renderPath(path)));

  function keep(value: unknown, path: DocumentPath): unknown {
    if (path.length > 0 && refusedPaths.has(renderPath(path))) return undefined;
    if (Array.isArray(value)) return value.map((item, index) => keep(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, keep(item, [...path, key])]));
  }

  return {
    file: keep(data, []) as Partially<ConfigurationInput>,
    isDoubtful: (path) => refused.some((finding) => isWithin(finding.path, path)),
  };
}

/** Entries of a mapping that were not refused. */
export function entriesOf<T>(mapping: Readonly<Record<string, T | undefined>> | undefined): [string, T][] {
  return Object.entries(mapping ?? {}).filter((entry): entry is [string, T] => entry[1] !== undefined);
}

/** All names of a mapping, also those whose values were refused. */
export function namesOf(mapping: Readonly<Record<string, unknown>> | undefined): string[] {
  return Object.keys(mapping ?? {});
}
