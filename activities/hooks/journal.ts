import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HOOKS_JOURNAL, type HooksJournal } from '../../contract/hooks.ts';
import { namesIn } from '../presence.ts';
import { syncDirectory, writeDurably } from '../stage/write-durably.ts';

const commandsSchema = z.array(z.array(z.string()).min(1));

const journalSchema = z.object({
  host: z.string(),
  plan: z.string(),
  workflow_id: z.string(),
  run_id: z.string(),
  since: z.iso.datetime(),
  before_dump: z.enum(['running', 'failed', 'done']),
  after_dump: commandsSchema,
  state: z.array(z.string()).min(1).optional(),
  timeout_ms: z.number(),
  max_stopped_ms: z.number(),
  undone_at: z.iso.datetime().optional(),
  failure: z.object({ since: z.string(), attempts: z.number(), message: z.string() }).optional(),
});

/** A journal and where it lies. */
export interface OwedHooks {
  /** State directory of the plan. */
  readonly directory: string;
  readonly journal: HooksJournal;
}

/**
 * The journal in a plan's state directory; undefined where nothing is owed.
 *
 * @throws an Error that names the file when it was damaged: nobody knows then what is owed
 */
export async function readJournal(directory: string): Promise<HooksJournal | undefined> {
  const path = join(directory, HOOKS_JOURNAL);
  try {
    return journalSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const advice = 'See whether what hooks stop is running, then remove the file.';
    throw new Error(`${path} says that after_dump is owed, and cannot be read. ${advice}`, { cause: error });
  }
}

/** Writes the journal so that it outlives whatever comes next. */
export async function writeJournal({ directory, journal }: OwedHooks): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeDurably(join(directory, HOOKS_JOURNAL), JSON.stringify(journal));
}

/** Nothing is owed any more. */
export async function removeJournal(directory: string): Promise<void> {
  await rm(join(directory, HOOKS_JOURNAL), { force: true });
  await syncDirectory(directory);
}

/** State directories of plans that have a journal, also of plans that the configuration no longer has. */
export async function findJournals(stateDirectory: string): Promise<string[]> {
  const plans = join(stateDirectory, 'plans');
  const names = await namesIn(plans);
  const found = await Promise.all(
    names.map(async (name) =>
      stat(join(plans, name, HOOKS_JOURNAL)).then(
        () => [join(plans, name)],
        () => [],
      ),
    ),
  );
  return found.flat();
}
