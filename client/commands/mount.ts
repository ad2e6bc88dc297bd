import type { Command } from 'commander';
import { type Context, printResult, readConfiguration, say } from '../context.ts';
import { requirePlan } from '../plans.ts';

/** `holdfast mount PLAN`: how to mount the snapshots of a plan. FUSE needs the machine and the terminal of whoever looks. */
export function addMount(program: Command, context: Context): void {
  program
    .command('mount')
    .description('print the restic command that mounts the snapshots of a plan as a directory')
    .argument('<plan>', 'name in the configuration')
    .addHelpText('after', HELP)
    .action(async (plan: string) => mount(context, plan));
}

const HELP = `
A mount lives in the terminal of the one who looks, on a machine with FUSE, until
Ctrl-C. So this prints the command instead of running it; restic asks for the
repository's password.`;

async function mount(context: Context, name: string): Promise<void> {
  const configuration = await readConfiguration(context);
  const { repository } = requirePlan(configuration, name);
  const options = repository.options.flatMap((pair) => ['-o', pair]);
  const filter = ['--host', configuration.host, '--tag', `plan:${name}`];
  const words = ['restic', '-r', withoutPassword(repository.location), ...options, 'mount', ...filter, '/mnt/restic'];
  const variables = Object.keys(repository.environment);
  if (variables.length > 0) say(context, `Set these first, as holdfast.yaml has them: ${variables.join(', ')}`);
  say(context, 'On a machine with FUSE, as root; the snapshots then lie below /mnt/restic/snapshots:');
  printResult(context, false, { document: undefined, lines: ['mkdir -p /mnt/restic', words.map(quote).join(' ')] });
}

function quote(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Whoever looks knows it, or finds it in holdfast.yaml; it is not for scrollback. */
function withoutPassword(location: string): string {
  return location.replace(/(:\/\/[^/\s:@]*):[^/\s@]+@/, '$1:***@');
}
