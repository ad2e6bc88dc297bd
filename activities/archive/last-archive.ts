import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import type { StagedSource } from '../run/workspace.ts';
import type { ManifestEntry } from '../stage/manifest.ts';
import { writeDurably } from '../stage/write-durably.ts';
import { parseArchiveName } from './archive-name.ts';

/** What tells a file from another one of the same name, and from itself after a change. */
const identitySchema = z.object({ device: z.string(), inode: z.string(), bytes: z.string(), modified: z.string() });

const noteSchema = z.object({ path: z.string(), digest: z.string(), identity: identitySchema });

/** Where the note of the last archive lies, and the digest of what is to be archived now. */
export interface ArchiveMemory {
  file: string;
  digest: string;
}

/**
 * SHA-256 of what a stage holds, whichever run laid it out. Some times are left out: those of dumps, which are new in each run, and of
 * directories, as a database in one makes and removes its log there.
 */
export function digestSources(staged: ReadonlyMap<string, StagedSource>): string {
  const sources = [...staged].map(([id, { facts, entries }]) => {
    const { method: _, ...content } = { method: undefined, ...facts };
    const isTimeless = (type: ManifestEntry['type']) => facts.kind !== 'files' || type === 'directory';
    return [id, content, entries.map(({ mtime, ...entry }) => (isTimeless(entry.type) ? entry : { mtime, ...entry }))];
  });
  return createHash('sha256').update(JSON.stringify(sources)).digest('hex');
}

/** Notes an archive that was compared with its stage. */
export async function noteArchive({ file, digest }: ArchiveMemory, path: string): Promise<void> {
  await writeDurably(file, JSON.stringify({ path, digest, identity: await identify(path) }));
}

/** Path of an archive of the plan in that directory which holds the same, and which nobody touched since; else undefined. */
export async function findSameArchive(
  { file, digest }: ArchiveMemory,
  { directory, plan, format }: { directory: string; plan: string; format: string },
): Promise<string | undefined> {
  const note = await readNote(file);
  if (note?.digest !== digest || dirname(note.path) !== directory || !note.path.endsWith(`.${format}`)) return undefined;
  if (parseArchiveName(basename(note.path), plan) === undefined) return undefined;
  const identity = await identify(note.path).catch(() => undefined);
  return JSON.stringify(identity) === JSON.stringify(note.identity) ? note.path : undefined;
}

/** Whether two names are those of one file. */
export async function isSameFile(left: string, right: string): Promise<boolean> {
  const [one, other] = await Promise.all([left, right].map((path) => identify(path).catch(() => undefined)));
  return one !== undefined && one.device === other?.device && one.inode === other.inode;
}

/** What a crash cut off tells of nothing. */
async function readNote(file: string): Promise<z.infer<typeof noteSchema> | undefined> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

async function identify(path: string): Promise<z.infer<typeof identitySchema>> {
  const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
  return { device: `${dev}`, inode: `${ino}`, bytes: `${size}`, modified: `${mtimeNs}` };
}
