import type { Command } from 'commander';
import type { Context } from '../context.ts';

/** `holdfast check REPOSITORY`: looks whether a repository is whole. */
export function addCheck(program: Command, context: Context): void {
  program
    .command('check')
    .description('check now whether a repository is whole, show the progress, exit with the outcome')
    .argument('[repository]', 'name in the configuration; may be left out where there is one only')
    .option('--read-data', 'read all data, not only the part whose turn it is')
    .option('--detach', 'start the check and return at once')
    .option('--json', 'print the run as JSON when it has ended')
    .addHelpText('after', EXAMPLES)
    .action(async (repository: string | undefined, flags: { readData?: true; detach?: true; json?: true }) => {
      const { maintain } = await import('../runs/maintain.ts');
      context.exitCode = await maintain(context, {
        task: 'check',
        repository,
        input: flags.readData === true ? { read_data: true } : {},
        isDetached: flags.detach === true,
        isJson: flags.json === true,
      });
    });
}

const EXAMPLES = `
It waits for backups in progress, and goes on without this terminal after Ctrl-C.

Examples:
  holdfast check main
  holdfast check main --read-data`;
