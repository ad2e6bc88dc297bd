import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration } from '../../config/types.ts';
import { HOOKS_JOURNAL, type HooksJournal, renderCommands } from '../../contract/hooks.ts';

/** Something that was stopped for a backup, and that is not running again as it should. */
export interface OwedStart {
  plan: string;
  /** ISO 8601 in UTC. */
  since: string;
  /** What after_dump said last; undefined when it was not run yet. */
  failure: string | undefined;
  /** What to type, on the worker's machine. */
  command: string;
}

/**
 * Looks into the state directory for what hooks owe. That works where the worker is, and for whoever may read there; elsewhere
 * nothing is found, and the failed run, the metric `holdfast_hooks_owed`, the worker's log and `holdfast doctor` tell of it.
 */
export async function findOwedStarts({ host, stateDirectory, plans }: Configuration): Promise<OwedStart[]> {
  const directory = join(stateDirectory, 'plans');
  const names = await readdir(directory).catch((): string[] => []);
  const journals = await Promise.all(names.map((name) => readJournal(join(directory, name, HOOKS_JOURNAL))));
  return journals.flatMap((journal) => {
    if (journal === undefined || journal.host !== host || journal.undone_at !== undefined) return [];
    const { plan, since, failure } = journal;
    const configured = plans.get(plan)?.hooks?.afterDump ?? [];
    const command = renderCommands(configured.length > 0 ? configured : journal.after_dump);
    return [{ plan, since, failure: failure?.message, command }];
  });
}

/** A file that cannot be read says nothing here; doctor tells of one that is damaged. */
async function readJournal(path: string): Promise<HooksJournal | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as HooksJournal;
  } catch {
    return undefined;
  }
}
