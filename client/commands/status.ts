import type { Command } from 'commander';
import { type Context, printResult, readConfiguration, withTemporal } from '../context.ts';
import { EXIT } from '../exit-codes.ts';

/** `holdfast status`: where all plans stand. Needs no worker, and says so when there is none. */
export function addStatus(program: Command, context: Context): void {
  program
    .command('status')
    .description(
      'show where each plan stands; exit 1 when one had no success for 1.5 intervals of its schedule, or its max_age, or when what its hooks stopped cannot be started',
    )
    .option('--json', 'print the result as JSON')
    .addHelpText('after', "\nExamples:\n  holdfast status\n  holdfast status --json | jq '.plans[] | select(.overdue)'")
    .action(async (flags: { json?: true }) => {
      context.exitCode = await showStatus(context, flags.json === true);
    });
}

async function showStatus(context: Context, isJson: boolean): Promise<number> {
  const configuration = await readConfiguration(context);
  const status = await withTemporal(context, async (temporal) => {
    const { collectStatus } = await import('../status/collect-status.ts');
    return collectStatus(temporal, configuration);
  });
  const { toStatusDocument } = await import('../status/plan-status.ts');
  const { renderStatus } = await import('../status/render-status.ts');
  const { choosePalette } = await import('../rendering/palette.ts');
  const palette = choosePalette(context.io.stdout, context.io.environment);
  printResult(context, isJson, {
    document: toStatusDocument(status),
    lines: renderStatus(status, { palette, now: new Date() }),
  });
  const isStopped = status.owedStarts.some(({ failure }) => failure !== undefined);
  return isStopped || status.plans.some(({ isOverdue }) => isOverdue) ? EXIT.failed : EXIT.done;
}
