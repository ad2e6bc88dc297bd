import type { Command } from 'commander';
import { type Context, printResult, readConfiguration, withTemporal } from '../context.ts';
import { EXIT } from '../exit-codes.ts';

interface ApplyFlags {
  dryRun?: true;
  prune?: true;
  json?: true;
}

/** `holdfast apply`: makes Temporal's schedules what the configuration says. Needs no worker. */
export function addApply(program: Command, context: Context): void {
  program
    .command('apply')
    .description('make the schedules what the configuration says; doing it again changes nothing')
    .option('--dry-run', 'only print what would be done; exit 2 if there is a difference')
    .option('--prune', 'delete schedules of this host that the configuration no longer has')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: ApplyFlags) => {
      context.exitCode = await apply(context, flags);
    });
}

const EXAMPLES = `
A schedule that was paused by hand stays paused.

Examples:
  holdfast apply --dry-run
  holdfast apply --prune`;

async function apply(context: Context, flags: ApplyFlags): Promise<number> {
  const configuration = await readConfiguration(context);
  const options = { prune: flags.prune === true };
  const isDryRun = flags.dryRun === true;
  const steps = await withTemporal(context, async (temporal) => {
    const { applySchedules, planSchedules } = await import('../schedules/apply.ts');
    return isDryRun ? planSchedules(temporal, configuration, options) : applySchedules(temporal, configuration, options);
  });
  const { hasDifference } = await import('../schedules/diff.ts');
  const { renderSteps, toStepsDocument } = await import('../schedules/render-steps.ts');
  printResult(context, flags.json === true, {
    document: toStepsDocument(steps, { isDryRun }),
    lines: renderSteps(steps),
  });
  return isDryRun && hasDifference(steps) ? EXIT.usage : EXIT.done;
}
