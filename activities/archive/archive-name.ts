import type { ArchiveFormat } from '../../config/types.ts';
import type { RunReference } from '../../contract/backup.ts';

/** `tracker-20261123T030000Z-1a2b3c4d.tar.zst`: plan, start of the run in UTC, and the end of its run id, which is its random part. */
export function archiveName(run: RunReference, format: ArchiveFormat): string {
  const time = run.startedAt.replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
  return `${run.plan}-${time}-${run.runId.slice(-8)}.${format}`;
}

export interface ParsedArchiveName {
  name: string;
  /** Start of the run, milliseconds since 1970. */
  startedAtMs: number;
}

/** Reads a file name; undefined unless it is exactly that of an archive of this plan: `a` has no part in what `a-b` made. */
export function parseArchiveName(name: string, plan: string): ParsedArchiveName | undefined {
  if (!name.startsWith(`${plan}-`)) return undefined;
  const rest = name.slice(plan.length + 1);
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{8}\.tar\.(?:zst|gz)$/.exec(rest);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const startedAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(startedAtMs) ? undefined : { name, startedAtMs };
}
