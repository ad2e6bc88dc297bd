import type { z } from 'zod';
import type { Interpolation } from './interpolation.ts';
import { wordIssue } from './issues.ts';
import { renderPath } from './path.ts';
import { type ConfigurationFile, configurationSchema } from './schema.ts';

export interface ParsedShape {
  /** What the schema was given in the end. */
  readonly data: unknown;
  /** Undefined when there are issues. */
  readonly parsed: ConfigurationFile | undefined;
  readonly issues: readonly z.core.$ZodIssue[];
}

/**
 * Runs the schema. Where it wants a number or a boolean and `${NAME}` gave text, as in `port: ${MYSQL_PORT}`, the text is read as
 * one.
 */
export function parseFileShape({ data, filled }: Pick<Interpolation, 'data' | 'filled'>): ParsedShape {
  const first = validate(data);
  const conversions = new Map(
    first.issues.flatMap((issue) => {
      const path = renderPath(issue.path as (string | number)[]);
      const value = filled.has(path) && issue.code === 'invalid_type' ? convert(issue.input, issue.expected) : undefined;
      return value === undefined ? [] : [[path, value] as const];
    }),
  );
  return conversions.size === 0 ? first : validate(replace(data, conversions, []));
}

function validate(data: unknown): ParsedShape {
  const result = configurationSchema.safeParse(data, { error: wordIssue, reportInput: true });
  return { data, parsed: result.data, issues: result.error?.issues ?? [] };
}

function convert(text: unknown, expected: string): number | boolean | undefined {
  if (expected === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  const isNumber = ['int', 'number'].includes(expected) && typeof text === 'string' && /^-?\d{1,15}(\.\d+)?$/.test(text);
  return isNumber ? Number(text) : undefined;
}

function replace(value: unknown, conversions: ReadonlyMap<string, unknown>, path: (string | number)[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => replace(item, conversions, [...path, index]));
  if (typeof value !== 'object' || value === null) return conversions.get(renderPath(path)) ?? value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, conversions, [...path, key])]));
}
