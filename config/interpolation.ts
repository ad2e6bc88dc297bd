import type { ConfigurationFinding } from './finding.ts';
import { type DocumentPath, renderPath } from './path.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A document whose `${NAME}` are filled in. */
export interface Interpolation {
  readonly data: unknown;
  readonly findings: readonly ConfigurationFinding[];
  /** Printed paths of the values that took something from the environment. */
  readonly filled: ReadonlySet<string>;
}

/** `$${`, or `${` up to its brace; a brace that is missing is found out below. */
const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const SECRET_ADVICE =
  'a secret is never filled into the configuration; name the variable instead: { env: NAME }, or use { file: /path } or { command: [program, argument] }';

/**
 * Replaces each `${NAME}` in the string values of a document; `$${` stands for a plain `${`. Keys are left alone, and what is
 * filled in is not read again.
 *
 * Values that are secrets or may hold one take no `${NAME}`, so that the resolved configuration holds references only.
 */
export function interpolate(data: unknown, environment: Environment): Interpolation {
  const findings: ConfigurationFinding[] = [];
  const filled = new Set<string>();

  function visit(value: unknown, path: DocumentPath): unknown {
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
    }
    return typeof value === 'string' && value.includes('${') ? fill(value, path) : value;
  }

  function fill(text: string, path: DocumentPath): string {
    const problems: string[] = [];
    const result = text.replaceAll(REFERENCE, (match: string, name: string | undefined, brace: string | undefined) => {
      if (match === '$${') return '${';
      const problem = isSecretPlace(path) ? SECRET_ADVICE : referenceProblem(name ?? '', brace === '}', environment);
      if (problem !== undefined) problems.push(problem);
      else filled.add(renderPath(path));
      return environment[name ?? ''] ?? '';
    });
    const [problem] = problems;
    if (problem === undefined) return result;
    findings.push({ path, message: problem });
    return text;
  }

  return { data: visit(data, []), findings, filled };
}

function referenceProblem(name: string, isClosed: boolean, environment: Environment): string | undefined {
  if (!isClosed) return '"${" has no closing brace; write ${NAME}, or $${ for a plain ${';
  if (!VARIABLE_NAME.test(name))
    return `"\${${name}}" does not name an environment variable; write \${NAME}, or $\${ for a plain \${`;
  return environment[name] === undefined ? `the environment variable ${name} is not set; set it for this process` : undefined;
}

/**
 * Passwords, and what restic gets as its environment. The path in `{ file: … }` is no secret: `${CREDENTIALS_DIRECTORY}/name` is
 * how systemd hands them over.
 */
function isSecretPlace(path: DocumentPath): boolean {
  if (path.at(-1) === 'file') return false;
  const [top, , third, fourth, , sixth] = path;
  if (top === 'repositories') return third === 'password' || third === 'environment';
  return top === 'plans' && third === 'sources' && fourth === 'mysql' && sixth === 'password';
}
