import type { Command } from 'commander';
import type { RunRecord } from '../../contract/backup.ts';
import { type Context, printResult, readConfiguration, say, withTemporal } from '../context.ts';
import { EXIT, exitCodeOfRun } from '../exit-codes.ts';
import { requirePlan } from '../plans.ts';
import { toRunDocument } from '../runs/run-document.ts';

interface BackupFlags {
  detach?: true;
  wait?: true;
  json?: true;
}

/** `holdfast backup PLAN`: starts a run now and follows it. The run itself lives on the worker. */
export function addBackup(program: Command, context: Context): void {
  program
    .command('backup')
    .description('start a backup run now, show its progress, exit with its outcome')
    .argument('<plan>', 'name in the configuration')
    .option('--detach', 'start the run and return at once')
    .option('--wait', 'wait for a run of this plan that is in progress, instead of refusing')
    .option('--json', 'print the run as JSON when it has ended')
    .addHelpText('after', EXAMPLES)
    .action(async (plan: string, flags: BackupFlags) => {
      context.exitCode = await backup(context, plan, flags);
    });
}

const EXAMPLES = `
Ctrl-C stops watching and leaves the run to itself; a second one cancels it.

Examples:
  holdfast backup tracker
  holdfast backup tracker --detach && holdfast status
  holdfast backup tracker --json | jq -r .snapshot_id`;

async function backup(context: Context, plan: string, flags: BackupFlags): Promise<number> {
  const configuration = await readConfiguration(context);
  const { name } = requirePlan(configuration, plan);
  return withTemporal(context, async (temporal) => {
    const { requireWorker } = await import('../worker-presence.ts');
    const { startRun } = await import('../runs/start-run.ts');
    const { host } = configuration;
    await requireWorker(temporal, host);
    const run = await startRun(temporal, { host, plan: name, whenBusy: flags.wait === true ? 'wait' : 'refuse' });
    if (flags.detach === true) {
      await printRun(context, run.record, flags.json === true);
      return EXIT.done;
    }
    const { watchRun } = await import('../runs/watch-run.ts');
    const record = await watchRun(context, temporal, { run, isJson: flags.json === true });
    await printRun(context, record, flags.json === true);
    return exitCodeOfRun(record.outcome, record.failure?.type);
  });
}

async function printRun(context: Context, record: RunRecord, isJson: boolean): Promise<void> {
  const { choosePalette } = await import('../rendering/palette.ts');
  const { renderRunSummary } = await import('../rendering/run-summary.ts');
  const lines = renderRunSummary(record, choosePalette(context.io.stdout, context.io.environment));
  if (!isJson) say(context, '');
  printResult(context, isJson, { document: toRunDocument(record), lines });
}
