import { isUtf8 } from 'node:buffer';

declare const brand: unique symbol;

/**
 * A relative or absolute path whose characters are its bytes (latin1), because a name on Linux need not be UTF-8.
 *
 * It joins, splits, sorts and compares like any string; only {@link toBuffer} may be handed to the file system.
 */
export type BytePath = string & { readonly [brand]: never };

export function bytePath(path: string | Buffer): BytePath {
  return Buffer.from(path).toString('latin1') as BytePath;
}

/** What `node:fs` takes. */
export function toBuffer(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1');
}

/** Joins parts by a slash; an empty part, which stands for the root itself, adds nothing. */
export function joinPath(...parts: BytePath[]): BytePath {
  const joined = parts.filter((part) => part !== '').join('/');
  return (joined.startsWith('//') ? joined.slice(1) : joined) as BytePath;
}

/** Components between slashes, without empty ones and `.`. */
export function components(path: BytePath): BytePath[] {
  return path.split('/').filter((part) => part !== '' && part !== '.') as BytePath[];
}

/** Directory that holds a relative path; empty for one without a slash. */
export function parentOf(path: BytePath): BytePath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/'))) as BytePath;
}

/** Directories above a relative path, nearest first, without the root itself. */
export function ancestorsOf(path: BytePath): BytePath[] {
  const ancestors: BytePath[] = [];
  for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) ancestors.push(parent);
  return ancestors;
}

/** Whether an absolute path is `root` or lies below it, by its text. */
export function isWithin(root: BytePath, path: BytePath): boolean {
  return path === root || path.startsWith(root === '/' ? '/' : `${root}/`);
}

/** Text of a path; bytes that are not UTF-8 become U+FFFD. */
export function toText(path: BytePath): string {
  return toBuffer(path).toString('utf8');
}

export function isText(path: BytePath): boolean {
  return isUtf8(toBuffer(path));
}

/** A path as messages show it: on one line, quoted where it holds anything but plain characters, odd bytes as `\xNN`. */
export function displayPath(path: BytePath): string {
  const text = isText(path)
    ? toText(path)
    : path.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(text) && !/["\\]/.test(text) ? text : JSON.stringify(text).replaceAll('\\\\x', '\\x');
}
