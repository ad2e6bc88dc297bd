/** What a statement of a dump makes or fills, read from its beginning. */
export type DumpObject =
  | { kind: 'table' | 'view' | 'view stand-in' | 'sequence' | 'trigger' | 'event'; name: string }
  | { kind: 'routine'; name: string }
  | { kind: 'rows'; name: string };

const IDENTIFIER = '(?:`(?:[^`]|``)*`|"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'|[\\w$\\u0080-\\uffff]+)';
const DEFINER = `(?:DEFINER\\s*=\\s*${IDENTIFIER}(?:\\s*@\\s*${IDENTIFIER})?\\s+)?`;
const KIND = '(?<kind>TABLE|VIEW|SEQUENCE|TRIGGER|EVENT|FUNCTION|PROCEDURE|PACKAGE\\s+BODY|PACKAGE)';

const CREATE = new RegExp(
  `^\\s*CREATE\\s+(?:OR\\s+REPLACE\\s+)?(?:ALGORITHM\\s*=\\s*\\w+\\s+)?${DEFINER}(?:SQL\\s+SECURITY\\s+\\w+\\s+)?(?:AGGREGATE\\s+)?` +
    `${KIND}\\s+(?:IF\\s+NOT\\s+EXISTS\\s+)?(?<first>${IDENTIFIER})(?:\\s*\\.\\s*(?<second>${IDENTIFIER}))?`,
  'im',
);
const INSERT = new RegExp(
  `^\\s*(?:INSERT|REPLACE)\\s+(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\\s+)*(?:INTO\\s+)?` +
    `(${IDENTIFIER})(?:\\s*\\.\\s*(${IDENTIFIER}))?`,
  'i',
);

/** MariaDB's first line since May 2024: clients that know it forbid themselves to run commands of the shell from then on. */
export function isSandboxLine(text: string): boolean {
  return /^\/\*M?!999999\\-/.test(text);
}

/**
 * Recognises the statements that a dump is made of: `CREATE …` with the version comments that the dump programs put around its
 * words, `INSERT` and `REPLACE`. Routines are named with their kind, because a function and a procedure may share a name.
 *
 * @returns undefined for everything else.
 */
export function readStatementHead(text: string): DumpObject | undefined {
  const words = withoutComments(text);
  const [, firstPart = '', secondPart] = INSERT.exec(words) ?? [];
  if (firstPart !== '') return { kind: 'rows', name: unquote(secondPart ?? firstPart) };
  const create = CREATE.exec(words)?.groups;
  if (create === undefined) return undefined;
  return classify(create['kind'] ?? '', unquote(create['second'] ?? create['first'] ?? ''), text.trimStart().startsWith('/*!'));
}

function classify(words: string, name: string, isInComment: boolean): DumpObject {
  const kind = words.toLowerCase().replace(/\s+/g, ' ');
  switch (kind) {
    case 'table':
      // Older programs stand a table in for each view until all of them can be made; only these are wrapped in a comment.
      return { kind: isInComment ? 'view stand-in' : 'table', name };
    case 'view':
    case 'sequence':
    case 'trigger':
    case 'event':
      return { kind, name };
    default:
      return { kind: 'routine', name: `${kind} ${name}` };
  }
}

function withoutComments(text: string): string {
  return text
    .replace(/\/\*(?!M?!)[\s\S]*?\*\//g, ' ')
    .replace(/\/\*M?!\d*|\*\//g, ' ')
    .replace(/^\s*(--\s[^\n]*\n\s*)+/, '');
}

function unquote(identifier: string): string {
  const quote = identifier.charAt(0);
  if (quote !== '`' && quote !== '"' && quote !== "'") return identifier;
  return identifier.slice(1, -1).replaceAll(quote + quote, quote);
}
