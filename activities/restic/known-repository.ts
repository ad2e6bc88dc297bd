/**
 * Which repositories this worker has opened before: what is missing then is away, not never made.
 *
 * What must never be here: a reason to create or replace a repository.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Repository } from '../../config/types.ts';

const recordSchema = z.object({ location: z.string(), id: z.string(), openedAt: z.string() });

interface Place {
  readonly stateDirectory: string;
  readonly repository: Pick<Repository, 'name' | 'location'>;
}

/** Notes that the repository was opened at its location. Without waiting: it is one small file, rewritten once a day. */
export function noteOpened(place: Place, id: string): void {
  const openedAt = new Date().toISOString();
  const known = readRecord(place);
  if (known?.id === id && known.location === place.repository.location && known.openedAt.slice(0, 10) === openedAt.slice(0, 10)) {
    return;
  }
  const record = { location: place.repository.location, id, openedAt };
  mkdirSync(directoryOf(place), { recursive: true, mode: 0o700 });
  writeFileSync(fileOf(place), JSON.stringify(record), { mode: 0o600 });
}

/** When (ISO 8601) the repository was last opened at its present location, its id, and where that is noted; undefined when it never was. */
export function lastOpened(place: Place): { openedAt: string; id: string; file: string } | undefined {
  const known = readRecord(place);
  return known?.location === place.repository.location
    ? { openedAt: known.openedAt, id: known.id, file: fileOf(place) }
    : undefined;
}

/** A file that a crash cut off tells of nothing. */
function readRecord(place: Place): z.infer<typeof recordSchema> | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(fileOf(place), 'utf8')));
  } catch {
    return undefined;
  }
}

function directoryOf({ stateDirectory, repository }: Place): string {
  return join(stateDirectory, 'repositories', repository.name);
}

function fileOf(place: Place): string {
  return join(directoryOf(place), 'opened.json');
}
