import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { namesIn } from '../presence.ts';
import { writeDurably } from '../stage/write-durably.ts';

/**
 * What an attempt is about to do to the places of a source, written down before it does it: the next attempt goes on by it, and a
 * restore that fails is undone by it.
 */
const journalSchema = z.object({
  source: z.string(),
  /** `copying`: drafts may be half. `swapping`: all drafts are whole. `done`: nothing is left to do or to undo. */
  state: z.enum(['copying', 'swapping', 'done']),
  swaps: z.array(z.object({ place: z.string(), hadOld: z.boolean(), isDirectory: z.boolean() })),
});

export type SwapJournal = z.infer<typeof journalSchema>;

const PREFIX = '.swap-';

/** Journals lie in the restored tree, which goes when the restore has ended. */
function journalPath(tree: string, source: string): string {
  return join(tree, `${PREFIX}${source.replace('/', '-')}.json`);
}

export async function writeJournal(tree: string, journal: SwapJournal): Promise<void> {
  await writeDurably(journalPath(tree, journal.source), JSON.stringify(journal));
}

export async function readJournal(tree: string, source: string): Promise<SwapJournal | undefined> {
  const text = await readFile(journalPath(tree, source), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : journalSchema.parse(JSON.parse(text));
}

/** All journals of a tree; none where there is no tree. */
export async function readJournals(tree: string): Promise<SwapJournal[]> {
  const names = await namesIn(tree);
  const journals = names.filter((name) => name.startsWith(PREFIX) && name.endsWith('.json'));
  return Promise.all(journals.map(async (name) => journalSchema.parse(JSON.parse(await readFile(join(tree, name), 'utf8')))));
}
