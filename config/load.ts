import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { runChecks } from './checks/index.ts';
import { type ConfigurationDocument, parseConfigurationDocument } from './document.ts';
import { createDraft } from './draft.ts';
import { ConfigurationError, type ConfigurationProblem } from './error.ts';
import { errorCode } from './error-code.ts';
import type { ConfigurationFinding } from './finding.ts';
import { type Environment, interpolate } from './interpolation.ts';
import { findingsOf } from './issues.ts';
import { parseFileShape } from './parse.ts';
import { renderPath } from './path.ts';
import { resolveConfiguration } from './resolve.ts';
import type { ConfigurationFile } from './schema.ts';
import type { Configuration } from './types.ts';

interface LoadConfigurationOptions {
  /** As {@link findConfigurationFile} gives it. */
  readonly file: string;
  /** Where `${NAME}` is looked up; usually that of the process. */
  readonly environment: Environment;
}

/**
 * Reads `holdfast.yaml`: YAML, `${NAME}`, schema, checks across values, then the domain shape. Secrets stay references, and
 * nothing but the file itself is touched.
 *
 * @throws {ConfigurationError} with all problems at once, when there is any.
 */
export async function loadConfiguration(options: LoadConfigurationOptions): Promise<Configuration> {
  const file = resolve(options.file);
  const document = parseConfigurationDocument(await readText(file));
  const { parsed, findings } = examine(document, options.environment);
  if (parsed === undefined || findings.length > 0) throw new ConfigurationError(file, problemsOf(findings, document));
  return resolveConfiguration(parsed, file);
}

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    throw new ConfigurationError(file, [{ path: '', message: unreadable(error) }], { cause: error });
  }
}

function unreadable(error: unknown): string {
  const code = errorCode(error);
  switch (code) {
    case 'ENOENT':
      return 'cannot be read (ENOENT): there is no such file; make one with: holdfast config example > holdfast.yaml';
    case 'EACCES':
      return 'cannot be read (EACCES): this user may not; grant it read access to the file and its directories';
    // Not a file system's error but the decoder's.
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'is not UTF-8 text; save it in that encoding';
    default:
      return `cannot be read (${code ?? String(error)})`;
  }
}

interface Examination {
  readonly parsed: ConfigurationFile | undefined;
  readonly findings: readonly ConfigurationFinding[];
}

function examine(document: ConfigurationDocument, environment: Environment): Examination {
  if (document.data === undefined) return { parsed: undefined, findings: document.findings };
  const filled = interpolate(document.data, environment);
  const { data, parsed, issues } = parseFileShape(filled);
  // What could not be filled in is no news to the schema.
  const unfilled = new Set(filled.findings.map(({ path }) => renderPath(path)));
  const shape = findingsOf(issues).filter(({ path }) => !unfilled.has(renderPath(path)));
  const refused = [...filled.findings, ...shape];
  return { parsed, findings: [...document.findings, ...refused, ...runChecks(createDraft(data, refused))] };
}

/** In the order of the file's lines. */
function problemsOf(findings: readonly ConfigurationFinding[], document: ConfigurationDocument): ConfigurationProblem[] {
  const problems = findings.map(({ path, message, line = document.lineOf(path) }) => ({
    path: renderPath(path),
    message,
    ...(line === undefined ? {} : { line }),
  }));
  return problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
