import type { z } from 'zod';
import type { ConfigurationFinding } from './finding.ts';
import { knownKeys } from './known-keys.ts';
import { nearest } from './nearest.ts';
import type { DocumentPath } from './path.ts';

type Issue = z.core.$ZodIssue;

/** Names of types as the file's author knows them. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** Words a message of the schema that has none of its own. Never repeats a value: it may be a secret in the wrong place. */
export const wordIssue: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return wordType(issue.expected, issue.input);
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    default:
      return undefined;
  }
};

function wordType(expected: string, input: unknown): string {
  const wanted = TYPE_NAMES[expected] ?? expected;
  if (input === undefined) return `is required: ${wanted}`;
  if (input === null) return `is empty; write ${wanted} or remove the line`;
  const hint = expected === 'string' && typeof input !== 'object' ? '; put quotes around it' : '';
  const found = expected === 'int' && typeof input === 'number' ? 'a fraction or too large' : nameType(input);
  return `must be ${wanted}, not ${found}${hint}`;
}

function nameType(input: unknown): string {
  if (Array.isArray(input)) return 'a list';
  return TYPE_NAMES[typeof input] ?? typeof input;
}

/** Turns what the schema has found into findings, with suggestions for unknown keys. */
export function findingsOf(issues: readonly Issue[], base: DocumentPath = []): ConfigurationFinding[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path.map((key) => (typeof key === 'number' ? key : String(key)))];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key));
    if (issue.code === 'invalid_key') return issue.issues.slice(0, 1).map(({ message }) => ({ path, message }));
    if (issue.code === 'invalid_union') return unionFindings(issue, path);
    return [{ path, message: issue.message }];
  });
}

function unknownKey(path: DocumentPath, key: string): ConfigurationFinding {
  const known = knownKeys(path);
  const meant = nearest(key, known);
  const advice = meant === undefined ? '' : `did you mean ${meant}? `;
  return { path: [...path, key], message: `is not known here; ${advice}Known: ${known.join(', ')}` };
}

/** Of the alternatives only the one is of interest whose type fits; where none does, the union speaks for all. */
function unionFindings(issue: Extract<Issue, { code: 'invalid_union' }>, path: DocumentPath): ConfigurationFinding[] {
  const fitting = issue.errors.find(
    (errors) => !errors.some((error) => error.code === 'invalid_type' && error.path.length === 0),
  );
  return fitting === undefined ? [{ path, message: issue.message }] : findingsOf(fitting, path);
}
