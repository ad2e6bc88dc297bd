import type { Command } from 'commander';
import { toDrillDocument } from '../../contract/drill-document.ts';
import type { DrillRecord } from '../../contract/verify.ts';
import { type Context, printResult, readConfiguration, say, withTemporal } from '../context.ts';
import { EXIT, exitCodeOfRun } from '../exit-codes.ts';
import { requirePlan } from '../plans.ts';

interface VerifyFlags {
  snapshot?: string;
  detach?: true;
  wait?: true;
  json?: true;
}

/** `holdfast verify PLAN`: starts a drill now and follows it. */
export function addVerify(program: Command, context: Context): void {
  program
    .command('verify')
    .description('prove by a restore into a scratch place that a snapshot comes back; exit 1 when it does not')
    .argument('<plan>', 'name in the configuration')
    .option('--snapshot <id>', 'id of the snapshot, or its beginning; else the newest complete one')
    .option('--detach', 'start the drill and return at once')
    .option('--wait', 'wait for a drill of this plan that is in progress, instead of refusing')
    .option('--json', 'print the evidence as JSON when the drill has ended')
    .addHelpText('after', EXAMPLES)
    .action(async (plan: string, flags: VerifyFlags) => {
      context.exitCode = await verify(context, plan, flags);
    });
}

const EXAMPLES = `
The snapshot is restored, compared with its manifest, its databases are loaded and
asked; then all of it is removed. Evidence stays in state_directory/evidence/PLAN.
Exit code 3: nothing failed, but something could not be tried.

Examples:
  holdfast verify tracker
  holdfast verify tracker --snapshot 4bba301e
  holdfast verify tracker --json | jq '.checks[] | select(.status != "pass")'`;

async function verify(context: Context, plan: string, flags: VerifyFlags): Promise<number> {
  const configuration = await readConfiguration(context);
  const { name } = requirePlan(configuration, plan);
  const isJson = flags.json === true;
  return withTemporal(context, async (temporal) => {
    const { requireWorker } = await import('../worker-presence.ts');
    const { startDrill, toDrillRecord } = await import('../runs/start-drill.ts');
    const { host } = configuration;
    await requireWorker(temporal, host);
    const run = await startDrill(temporal, {
      host,
      plan: name,
      snapshot: flags.snapshot,
      whenBusy: flags.wait === true ? 'wait' : 'refuse',
    });
    if (flags.detach === true) {
      await printDrill(context, toDrillRecord(run.record), isJson);
      return EXIT.done;
    }
    const { watchRun } = await import('../runs/watch-run.ts');
    const record = toDrillRecord(await watchRun(context, temporal, { run, isJson }));
    await printDrill(context, record, isJson);
    return exitCodeOfRun(record.outcome, record.failure?.type);
  });
}

async function printDrill(context: Context, record: DrillRecord, isJson: boolean): Promise<void> {
  const { choosePalette } = await import('../rendering/palette.ts');
  const { renderDrillSummary } = await import('../rendering/drill-summary.ts');
  const lines = renderDrillSummary(record, choosePalette(context.io.stdout, context.io.environment));
  if (!isJson) say(context, '');
  printResult(context, isJson, { document: toDrillDocument(record), lines });
}
