import type { Command } from 'commander';
import type { InitRepositoryInput, InitRepositoryResult } from '../../contract/inspect.ts';
import { WORKFLOWS } from '../../contract/names.ts';
import { type Context, printResult, readConfiguration, withTemporal } from '../context.ts';
import { requireRepository } from '../plans.ts';

/** `holdfast init`: creates a restic repository, which nothing else ever does. Asks the worker. */
export function addInit(program: Command, context: Context): void {
  program
    .command('init')
    .description('create a restic repository, unless it is there')
    .argument('[repository]', 'name in the configuration; may be left out where there is one only')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExamples:\n  holdfast init\n  holdfast init offsite --json')
    .action(async (name: string | undefined, flags: { json?: true }) => init(context, name, flags.json === true));
}

async function init(context: Context, name: string | undefined, isJson: boolean): Promise<void> {
  const configuration = await readConfiguration(context);
  const input: InitRepositoryInput = { repository: requireRepository(configuration, name) };
  const { host } = configuration;
  const result = await withTemporal(context, async (temporal) => {
    const { askWorker } = await import('../ask-worker.ts');
    const summary = `Create repository ${input.repository} of ${host}`;
    return askWorker<InitRepositoryResult>(temporal, { host, workflow: WORKFLOWS.initRepository, input, summary });
  });
  const { repository, location, repositoryId, wasCreated } = result;
  printResult(context, isJson, {
    document: { repository, location, repository_id: repositoryId, created: wasCreated },
    lines: [
      `repository ${repository} ${wasCreated ? 'was created' : 'is there already, and its password fits'}: ${location} (${repositoryId.slice(0, 10)})`,
      ...(wasCreated ? ['Keep its password somewhere else too: without it no snapshot can ever be read.'] : []),
    ],
  });
}
