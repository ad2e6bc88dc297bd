import type { Command } from 'commander';
import type { Configuration } from '../../config/types.ts';
import type { Temporal } from '../connect.ts';
import { type Context, printResult, readConfiguration, say, withTemporal } from '../context.ts';
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
  const { steps, hint } = await withTemporal(context, async (temporal) => {
    const { applySchedules, planSchedules } = await import('../schedules/apply.ts');
    const taken = await (isDryRun ? planSchedules : applySchedules)(temporal, configuration, options);
    return { steps: taken, hint: await lookForStaleWorker(temporal, configuration) };
  });
  const { hasDifference } = await import('../schedules/diff.ts');
  const { renderSteps, toStepsDocument } = await import('../schedules/render-steps.ts');
  printResult(context, flags.json === true, {
    document: toStepsDocument(steps, { isDryRun }),
    lines: renderSteps(steps),
  });
  if (hint !== undefined) say(context, hint);
  return isDryRun && hasDifference(steps) ? EXIT.usage : EXIT.done;
}

async function lookForStaleWorker(temporal: Temporal, configuration: Configuration): Promise<string | undefined> {
  const { configurationHash } = await import('../../config/index.ts');
  const { findWorkers, staleWorkerHint } = await import('../worker-presence.ts');
  try {
    return staleWorkerHint(await findWorkers(temporal, configuration.host), configurationHash(configuration));
  } catch {
    // What was asked for is done; this would only have been a hint.
    return undefined;
  }
}
