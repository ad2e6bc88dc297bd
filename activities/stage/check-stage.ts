import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { PhaseError } from '../phase-error.ts';
import { ancestorsOf, type BytePath, bytePath, displayPath, joinPath, toBuffer } from './byte-path.ts';
import type { ManifestEntry } from './manifest.ts';
import { entryPath, entryTarget } from './manifest-entry.ts';
import { kindOf } from './open-beneath.ts';

/** Problems that a message lists; after so many the stage is not looked at any further. */
const MAX_PROBLEMS = 20;

/**
 * Compares a stage with what it should hold: each entry is there with its type, size or link target, and nothing else is.
 *
 * @param documents names at the top that are no entries, whether they are there or not
 * @throws {PhaseError} DumpRejected, listing the differences
 */
export async function checkStage(
  stageDirectory: string,
  entries: readonly ManifestEntry[],
  options: { documents: readonly string[]; signal: AbortSignal },
): Promise<void> {
  const stage = bytePath(stageDirectory);
  const problems: string[] = [];
  for (const entry of entries) {
    options.signal.throwIfAborted();
    const problem = await checkEntry(stage, entry);
    if (problem !== undefined) problems.push(problem);
    if (problems.length >= MAX_PROBLEMS) break;
  }
  const expected = new Set(options.documents.map(bytePath));
  for (const path of entries.map(entryPath)) for (const known of [path, ...ancestorsOf(path)]) expected.add(known);
  for await (const path of strangers(stage, '' as BytePath, expected)) {
    options.signal.throwIfAborted();
    problems.push(`${displayPath(path)} belongs to no source`);
    if (problems.length >= MAX_PROBLEMS) break;
  }
  if (problems.length === 0) return;
  throw new PhaseError(
    'DumpRejected',
    `the stage ${stageDirectory} is not what its sources left there: ${problems.join('; ')}. Nothing but Holdfast may write to it.`,
  );
}

async function checkEntry(stage: BytePath, entry: ManifestEntry): Promise<string | undefined> {
  const path = toBuffer(joinPath(stage, entryPath(entry)));
  const name = displayPath(entryPath(entry));
  let found: BigIntStats;
  try {
    found = await lstat(path, { bigint: true });
  } catch (error) {
    return `${name} is missing (${(error as NodeJS.ErrnoException).code})`;
  }
  const kind = kindOf(found);
  if (kind !== entry.type) return `${name} is a ${kind}, not a ${entry.type}`;
  if (kind === 'file' && Number(found.size) !== entry.bytes) return `${name} has ${found.size} bytes, not ${entry.bytes}`;
  if (kind !== 'symlink') return undefined;
  const target = bytePath(await readlink(path, { encoding: 'buffer' }));
  return target === entryTarget(entry) ? undefined : `${name} points to ${displayPath(target)}`;
}

/** What lies in the stage and is not expected; a directory that is not expected stands for all that it holds. */
async function* strangers(stage: BytePath, directory: BytePath, expected: ReadonlySet<BytePath>): AsyncGenerator<BytePath> {
  const place = toBuffer(joinPath(stage, directory));
  for (const entry of await readdir(place, { withFileTypes: true, encoding: 'buffer' })) {
    const path = joinPath(directory, bytePath(entry.name));
    if (!expected.has(path)) yield path;
    else if (entry.isDirectory()) yield* strangers(stage, path, expected);
  }
}
