import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type YAMLError } from 'yaml';
import type { ConfigurationFinding } from './finding.ts';
import type { DocumentPath } from './path.ts';

/** A YAML text as plain values. */
export interface ConfigurationDocument {
  /** Undefined when the text is no YAML mapping; `findings` then say why. */
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly findings: readonly ConfigurationFinding[];
  /** Line of a value's key, counted from 1; of the nearest enclosing key where the value itself is not in the text. */
  lineOf(path: DocumentPath): number | undefined;
}

/** Reads YAML 1.2 with anchors, aliases and `<<` merges. Never throws: what is wrong is in `findings`. */
export function parseConfigurationDocument(text: string): ConfigurationDocument {
  const lineCounter = new LineCounter();
  // Duplicate keys are looked for below, because the parser does not say at which path they are.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false, merge: true });
  const lineOf = (path: DocumentPath) => findLine(document, path, lineCounter);
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) return { data: undefined, findings: syntaxFindings(broken, text, lineCounter), lineOf };
  const loose = findLooseAliases(document.contents, [], document);
  if (loose.length > 0) return { data: undefined, findings: loose, lineOf };
  const findings = findDuplicates(document.contents, [], lineCounter);
  const data = toPlainValues(document);
  if (isRecord(data)) return { data, findings, lineOf };
  return { data: undefined, findings: [...findings, { path: [], message: shapeMessage(data) }], lineOf };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined where the parser throws: aliases unfold beyond all measure, or `<<` merges what is no mapping. */
function toPlainValues(document: Document): unknown {
  try {
    return document.toJS();
  } catch {
    return undefined;
  }
}

function shapeMessage(data: unknown): string {
  if (data === undefined) return 'holds aliases or << merges that cannot be unfolded; write the values out';
  if (data === null) return 'is empty; start from an example: holdfast config example > holdfast.yaml';
  return 'must be a mapping that starts with "version: 1", host and staging_directory; see: holdfast config example';
}

/** One finding per line: what follows a syntax error on its line is only its echo. */
function syntaxFindings(errors: readonly YAMLError[], text: string, lineCounter: LineCounter): ConfigurationFinding[] {
  const lines = text.split('\n');
  const byLine = new Map<number, ConfigurationFinding>();
  for (const error of errors) {
    const { line } = lineCounter.linePos(error.pos[0]);
    if (!byLine.has(line)) byLine.set(line, { path: [], message: syntaxMessage(error, lines[line - 1] ?? ''), line });
  }
  return [...byLine.values()];
}

function syntaxMessage(error: YAMLError, line: string): string {
  if (/^ *\t/.test(line)) return 'YAML does not allow tabs for indentation; use spaces';
  if (error.code === 'MULTIPLE_DOCS') return 'one file holds one configuration; remove the "---" that starts a second one';
  const hint = /[[{].*\$\{/.test(line) ? '; inside [ ] and { } put quotes around "${NAME}"' : '';
  // What the parser quotes from the file may be a password that lacks its quotes.
  const reason = error.message.replace(/(?<! or ): .*$/s, '');
  return `is no valid YAML: ${reason}${hint}`;
}

/** Their names are not repeated: a password that begins with `*` and lacks its quotes looks like an alias. */
function findLooseAliases(node: unknown, path: DocumentPath, document: Document): ConfigurationFinding[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => findLooseAliases(item, [...path, index], document));
  if (isMap(node)) return node.items.flatMap((pair) => findLooseAliases(pair.value, [...path, keyText(pair.key)], document));
  if (!isAlias(node) || node.resolve(document) !== undefined) return [];
  return [{ path, message: 'is an alias (*name) with no anchor (&name) before it; text that begins with * needs quotes' }];
}

function findDuplicates(node: unknown, path: DocumentPath, lineCounter: LineCounter): ConfigurationFinding[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => findDuplicates(item, [...path, index], lineCounter));
  if (!isMap(node)) return [];
  const lines = new Map<string, number | undefined>();
  return node.items.flatMap((pair) => {
    const key = keyText(pair.key);
    const line = lineOfNode(pair.key, lineCounter);
    const inside = findDuplicates(pair.value, [...path, key], lineCounter);
    if (!lines.has(key)) {
      lines.set(key, line);
      return inside;
    }
    const message = `is written twice, first in line ${lines.get(key)}; remove one or give it another name`;
    return [{ path: [...path, key], message, ...(line === undefined ? {} : { line }) }, ...inside];
  });
}

function findLine(document: Document, path: DocumentPath, lineCounter: LineCounter): number | undefined {
  let node: unknown = document.contents;
  let line: number | undefined;
  for (const step of path) {
    const child = childOf(isAlias(node) ? node.resolve(document) : node, step);
    if (child === undefined) return line;
    line = lineOfNode(isPair(child) ? child.key : child, lineCounter) ?? line;
    node = isPair(child) ? child.value : child;
  }
  return line;
}

function childOf(node: unknown, step: string | number): unknown {
  if (isSeq(node) && typeof step === 'number') return node.items[step];
  // The last of two equal keys is the one whose value counts.
  return isMap(node) ? node.items.findLast((pair) => keyText(pair.key) === String(step)) : undefined;
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function lineOfNode(node: unknown, lineCounter: LineCounter): number | undefined {
  const range =
    typeof node === 'object' && node !== null && 'range' in node ? (node.range as readonly number[] | null) : undefined;
  return range?.[0] === undefined ? undefined : lineCounter.linePos(range[0]).line;
}
