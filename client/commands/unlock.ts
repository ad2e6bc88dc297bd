import type { Command } from 'commander';
import type { LockDescription, UnlockRepositoryInput, UnlockRepositoryResult } from '../../contract/maintenance.ts';
import { WORKFLOWS } from '../../contract/names.ts';
import { type Context, printResult, readConfiguration, withTemporal } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { requireRepository } from '../plans.ts';
import { formatAge } from '../rendering/quantities.ts';
import { renderTable } from '../rendering/table.ts';

/** `holdfast unlock REPOSITORY`: shows who holds it, and has dead locks removed. Asks the worker. */
export function addUnlock(program: Command, context: Context): void {
  program
    .command('unlock')
    .description('show the locks of a repository; with --yes remove those whose process is dead')
    .argument('[repository]', 'name in the configuration; may be left out where there is one only')
    .option('--yes', 'remove the locks that restic takes for dead')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, flags: { yes?: true; json?: true }) => {
      context.exitCode = await unlock(context, name, { isAgreed: flags.yes === true, isJson: flags.json === true });
    });
}

const EXAMPLES = `
What a killed run of this host leaves, the next run clears by itself. A live lock is never removed, and one of another
machine only when it was not refreshed for 30 minutes. Exits with 11 while the repository stays locked after --yes.

Examples:
  holdfast unlock main
  holdfast unlock main --yes`;

async function unlock(
  context: Context,
  name: string | undefined,
  { isAgreed, isJson }: { isAgreed: boolean; isJson: boolean },
): Promise<number> {
  const configuration = await readConfiguration(context);
  const repository = requireRepository(configuration, name);
  const { host } = configuration;
  const result = await withTemporal(context, async (temporal) => {
    const { askWorker } = await import('../ask-worker.ts');
    const input: UnlockRepositoryInput = { repository, confirmed: isAgreed };
    const summary = `${isAgreed ? 'Remove dead' : 'Show the'} locks of repository ${repository}`;
    return askWorker<UnlockRepositoryResult>(temporal, { host, workflow: WORKFLOWS.unlockRepository, input, summary });
  });
  printResult(context, isJson, { document: result, lines: renderLocks(result, isAgreed) });
  return isAgreed && result.removed.length < result.locks.length ? LOCKED : EXIT.done;
}

/** As a run that ends with RepositoryLocked. */
const LOCKED = 11;

/** The locks as a table, and what became of them. */
export function renderLocks({ repository, locks, removed, refusal }: UnlockRepositoryResult, isAgreed: boolean): string[] {
  if (locks.length === 0) return [`repository ${repository} has no locks`];
  const titles = ['LOCK', 'STATE', 'KIND', 'MACHINE', 'USER', 'PROCESS', 'REFRESHED'].map((title) => ({ title }));
  const rows = locks.map((lock) => [
    lock.id.slice(0, 8),
    removed.includes(lock.id) ? 'removed' : lock.state,
    lock.exclusive ? 'exclusive' : 'shared',
    lock.machine,
    lock.user,
    String(lock.pid),
    `${formatAge(lock.age_ms)} ago`,
  ]);
  const advice = adviceFor({ repository, locks, removed, isAgreed });
  return [...renderTable(titles, rows), ...(refusal === undefined ? advice : ['', `nothing was removed: ${refusal}`])];
}

function adviceFor(options: {
  repository: string;
  locks: readonly LockDescription[];
  removed: readonly string[];
  isAgreed: boolean;
}): string[] {
  const { repository, locks, removed, isAgreed } = options;
  if (isAgreed) {
    return removed.length === locks.length
      ? []
      : ['', 'What is left may be alive on its machine. Ask there; after 30 min without a refresh it can be removed.'];
  }
  const hasDead = locks.some(({ state }) => state === 'dead');
  return hasDead ? ['', `remove the dead ones: holdfast unlock ${repository} --yes`] : [];
}
