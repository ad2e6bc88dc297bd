import type { BigIntStats } from 'node:fs';
import { type BytePath, bytePath, isText, toBuffer, toText } from './byte-path.ts';
import type { ManifestEntry } from './manifest.ts';

const NANOSECONDS = 1_000_000_000n;

/** What an entry says beyond its path and its stat. */
export type EntryContent =
  | { type: 'file'; bytes: number; sha256: string }
  | { type: 'directory' }
  | { type: 'symlink'; target: BytePath };

/** Describes one thing in the stage. `path` is relative to the stage, `stat` is that of the staged copy. */
export function manifestEntry(path: BytePath, stat: BigIntStats, content: EntryContent): ManifestEntry {
  return {
    path: toText(path),
    ...(isText(path) ? {} : { path_base64: toBuffer(path).toString('base64') }),
    type: content.type,
    mode: formatMode(stat.mode),
    mtime: formatNanoseconds(stat.mtimeNs),
    ...(content.type === 'file' ? { bytes: content.bytes, sha256: content.sha256 } : {}),
    ...(content.type === 'symlink' ? linkTarget(content.target) : {}),
  };
}

/** Four octal digits. */
export function formatMode(mode: bigint): string {
  return Number(mode & 0o7777n)
    .toString(8)
    .padStart(4, '0');
}

/** Exact bytes of an entry's path. */
export function entryPath(entry: ManifestEntry): BytePath {
  return bytePath(entry.path_base64 === undefined ? entry.path : Buffer.from(entry.path_base64, 'base64'));
}

/** Exact bytes of what a symbolic link says. */
export function entryTarget(entry: ManifestEntry): BytePath {
  return bytePath(entry.target_base64 === undefined ? (entry.target ?? '') : Buffer.from(entry.target_base64, 'base64'));
}

function linkTarget(target: BytePath): { target: string } | { target_base64: string } {
  return isText(target) ? { target: toText(target) } : { target_base64: toBuffer(target).toString('base64') };
}

/** Seconds with nine decimals; times before 1970 are negative. */
function formatNanoseconds(nanoseconds: bigint): string {
  const magnitude = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = (magnitude % NANOSECONDS).toString().padStart(9, '0');
  return `${nanoseconds < 0n ? '-' : ''}${magnitude / NANOSECONDS}.${fraction}`;
}
