/** Longest piece of somebody else's text that a message repeats, in characters. */
const MAX_SHOWN = 80;

/** Control and format characters: they act on a terminal, forge a line of a log, or turn text around (Unicode, Cc, Cf, Zl, Zp). */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const UNPRINTABLE_BUT_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escape(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`;
}

/** A text from outside as messages repeat it: on one line, short, and with nothing in it that acts on a terminal. */
export function displayText(text: string, maxLength = MAX_SHOWN): string {
  const shown = text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
  return shown.replace(UNPRINTABLE, escape);
}

/** As {@link displayText}, in quotes: for a name that may be empty or hold spaces. */
export function displayName(name: string): string {
  return `"${displayText(name).replaceAll('"', String.raw`\"`)}"`;
}

/** Escapes what acts on a terminal, and leaves lines and tabs: for whole messages. */
export function escapeControls(message: string): string {
  return message.replace(UNPRINTABLE_BUT_LINES, escape);
}
