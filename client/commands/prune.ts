import type { Command } from 'commander';
import type { Context } from '../context.ts';

/** `holdfast prune REPOSITORY`: removes what no snapshot needs. */
export function addPrune(program: Command, context: Context): void {
  program
    .command('prune')
    .description('remove now from a repository what no snapshot needs, show the progress, exit with the outcome')
    .argument('[repository]', 'name in the configuration; may be left out where there is one only')
    .option('--detach', 'start the prune and return at once')
    .option('--json', 'print the run as JSON when it has ended')
    .addHelpText('after', EXAMPLES)
    .action(async (repository: string | undefined, flags: { detach?: true; json?: true }) => {
      const { maintain } = await import('../runs/maintain.ts');
      context.exitCode = await maintain(context, {
        task: 'prune',
        repository,
        input: {},
        isDetached: flags.detach === true,
        isJson: flags.json === true,
      });
    });
}

const EXAMPLES = `
It waits for backups in progress, and goes on without this terminal after Ctrl-C. No snapshot is removed.

Examples:
  holdfast prune main
  holdfast prune main --json | jq .bytes_freed`;
