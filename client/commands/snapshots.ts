import type { Command } from 'commander';
import type { ListSnapshotsInput, Snapshot } from '../../contract/inspect.ts';
import { WORKFLOWS } from '../../contract/names.ts';
import { type Context, printResult, readConfiguration, withTemporal } from '../context.ts';
import { requirePlan } from '../plans.ts';
import { formatBytes, formatTime } from '../rendering/quantities.ts';
import { type Column, renderTable } from '../rendering/table.ts';

/** `holdfast snapshots PLAN`: what there is to restore from. Asks the worker. */
export function addSnapshots(program: Command, context: Context): void {
  program
    .command('snapshots')
    .description('list the snapshots of a plan')
    .argument('<plan>', 'name in the configuration')
    .option('--json', "print restic's own array")
    .addHelpText('after', "\nExamples:\n  holdfast snapshots tracker\n  holdfast snapshots tracker --json | jq -r '.[-1].id'")
    .action(async (plan: string, flags: { json?: true }) => listSnapshots(context, plan, flags.json === true));
}

async function listSnapshots(context: Context, plan: string, isJson: boolean): Promise<void> {
  const configuration = await readConfiguration(context);
  const input: ListSnapshotsInput = { plan: requirePlan(configuration, plan).name };
  const { host } = configuration;
  const snapshots = await withTemporal(context, async (temporal) => {
    const { askWorker } = await import('../ask-worker.ts');
    const summary = `List the snapshots of ${plan} on ${host}`;
    return askWorker<Snapshot[]>(temporal, { host, workflow: WORKFLOWS.listSnapshots, input, summary });
  });
  printResult(context, isJson, { document: snapshots, lines: renderSnapshots(plan, snapshots, context.io.stdout) });
}

const COLUMNS: readonly Column[] = [
  { title: 'ID' },
  { title: 'TIME' },
  { title: 'SIZE', align: 'right' },
  { title: 'ADDED', align: 'right' },
  { title: 'TAGS' },
];

/** Snapshots as a table, in restic's order: oldest first. Tags are cut to the terminal's width, and only there. */
export function renderSnapshots(
  plan: string,
  snapshots: readonly Snapshot[],
  { isTerminal, columns }: { isTerminal: boolean; columns: () => number },
): string[] {
  if (snapshots.length === 0) return [`there is no snapshot of ${plan} yet; make one with: holdfast backup ${plan}`];
  const rows = snapshots.map(({ short_id, time, tags, summary }) => [
    short_id,
    formatTime(time),
    formatOptionalBytes(summary?.total_bytes_processed),
    formatOptionalBytes(summary?.data_added_packed ?? summary?.data_added),
    // Ours are the same in every row, or only of use to the run itself.
    (tags ?? []).filter((tag) => !/^(?:plan|run):/.test(tag)).join(' '),
  ]);
  return renderTable(COLUMNS, rows, isTerminal ? columns() : undefined);
}

function formatOptionalBytes(bytes: number | undefined): string {
  return bytes === undefined ? '-' : formatBytes(bytes);
}
