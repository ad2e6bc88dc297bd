import picomatch from 'picomatch';
import { ancestorsOf, type BytePath, toText } from './byte-path.ts';

/** `flags: 's'` lets `**` match names with a newline; an exclamation mark is a character like any other. */
const OPTIONS: picomatch.PicomatchOptions & { flags: string } = { dot: true, nonegate: true, flags: 's' };

export interface Glob {
  /** Leading components without a wildcard: where the search starts. */
  readonly base: string;
  /** Levels below `base` at which something can match. */
  readonly maxDepth: number;
  /** Takes a path relative to `base`. Names that are not UTF-8 are compared with U+FFFD for their odd bytes. */
  matches(path: BytePath, isDirectory: boolean): boolean;
}

/** Compiles a glob; undefined when the pattern has no wildcard. A trailing slash asks for directories alone. */
export function compileGlob(pattern: string): Glob | undefined {
  const scanned = picomatch.scan(pattern, OPTIONS);
  if (!scanned.isGlob) return undefined;
  const glob = scanned.glob.replace(/\/+$/, '');
  const isDirectoryOnly = glob !== scanned.glob;
  const isMatch = picomatch(glob, OPTIONS);
  return {
    base: unescapePattern(scanned.base),
    // Only `**` and a repeated group, `+(a/)b`, match more levels than the pattern has slashes.
    maxDepth: /\*\*|\(/.test(glob) ? Number.POSITIVE_INFINITY : glob.split('/').length,
    matches: (path, isDirectory) => (isDirectory || !isDirectoryOnly) && isMatch(toText(path)),
  };
}

/** The name that a pattern without wildcards stands for: `\[prod\]` is `[prod]`. */
export function unescapePattern(pattern: string): string {
  return pattern.replace(/\\(.)/g, '$1');
}

/** Says whether a path relative to the source's base is left out. */
export type Exclusion = (path: BytePath, isDirectory: boolean) => boolean;

/**
 * Compiles the exclude patterns of a source: one without a slash is compared with the base name at any depth, one with a slash
 * with the path below base. A trailing slash asks for directories alone. Only the path itself is judged, not what lies above it.
 */
export function compileExclusions(patterns: readonly string[]): Exclusion {
  const exclusions = patterns.map(compileExclusion);
  return (path, isDirectory) => exclusions.some((excludes) => excludes(path, isDirectory));
}

function compileExclusion(written: string): Exclusion {
  const pattern = written.replace(/\/+$/, '').replace(/^\.?\/+/, '');
  const isDirectoryOnly = written.endsWith('/');
  const isAnchored = pattern.includes('/') || /^\.?\//.test(written);
  const isMatch = picomatch(pattern, OPTIONS);
  return (path, isDirectory) => {
    if (isDirectoryOnly && !isDirectory) return false;
    return isMatch(toText(isAnchored ? path : (path.slice(path.lastIndexOf('/') + 1) as BytePath)));
  };
}

/** Whether a path or a directory above it is left out. */
export function isExcludedWithin(exclusion: Exclusion, path: BytePath, isDirectory: boolean): boolean {
  return exclusion(path, isDirectory) || ancestorsOf(path).some((ancestor) => exclusion(ancestor, true));
}
