/** Blanks secrets in a text. */
export type Redactor = (text: string) => string;

const MASK = '***';

/** `scheme://user:password@host`, as restic and SFTP locations carry it. */
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^/\s:@]*):[^/\s@]+@/gi;

/**
 * Given the secrets in use, returns a function that blanks each of them, and any password inside a URL, in a text.
 *
 * Secrets shorter than four characters are left alone: blanking `1` would make a message unreadable and protect nothing.
 */
export function createRedactor(secrets: Iterable<string>): Redactor {
  // Longest first, so that a secret that contains another one leaves no rest of itself.
  const values = [...new Set(secrets)].filter((value) => value.length >= 4).sort((a, b) => b.length - a.length);
  return (text) => values.reduce((masked, value) => masked.replaceAll(value, MASK), text).replace(URL_PASSWORD, `$1:${MASK}@`);
}
