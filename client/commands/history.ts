import type { Command } from 'commander';
import type { RunRecord } from '../../contract/backup.ts';
import { parseLimit } from '../arguments.ts';
import { type Context, printResult, readConfiguration, withTemporal } from '../context.ts';
import { requirePlan } from '../plans.ts';
import { formatBytes, formatDuration, formatTime } from '../rendering/quantities.ts';
import { type Column, renderTable } from '../rendering/table.ts';
import { runDurationMs, toRunDocument } from '../runs/run-document.ts';

/** `holdfast history PLAN`: the runs that Temporal remembers. Needs no worker. */
export function addHistory(program: Command, context: Context): void {
  program
    .command('history')
    .description('list the runs of a plan, newest first, as far back as Temporal keeps them')
    .argument('<plan>', 'name in the configuration')
    .option('--limit <runs>', 'at most so many', parseLimit, 20)
    .option('--json', 'print the runs as JSON, each as backup --json prints it')
    .addHelpText('after', '\nExamples:\n  holdfast history tracker\n  holdfast history tracker --limit 100 --json')
    .action(async (plan: string, flags: { limit: number; json?: true }) => showHistory(context, plan, flags));
}

async function showHistory(context: Context, plan: string, flags: { limit: number; json?: true }): Promise<void> {
  const configuration = await readConfiguration(context);
  const { name } = requirePlan(configuration, plan);
  const records = await withTemporal(context, async (temporal) => {
    const { listRuns } = await import('../runs/list-runs.ts');
    return listRuns(temporal, { host: configuration.host, plan: name, limit: flags.limit });
  });
  printResult(context, flags.json === true, {
    document: records.map(toRunDocument),
    lines: renderHistory(plan, records, context.io.stdout.columns()),
  });
}

const COLUMNS: readonly Column[] = [
  { title: 'STARTED' },
  { title: 'TOOK', align: 'right' },
  { title: 'OUTCOME' },
  { title: 'SNAPSHOT' },
  { title: 'ADDED', align: 'right' },
  { title: 'FAILURE' },
];

/** Runs as a table, with the reasons of failures cut to what `width` leaves: --json has all of them. */
export function renderHistory(plan: string, records: readonly RunRecord[], width: number): string[] {
  if (records.length === 0) return [`Temporal knows of no run of ${plan}; start one with: holdfast backup ${plan}`];
  const rows = records.map((record) => {
    const durationMs = runDurationMs(record);
    return [
      formatTime(record.startedAt),
      durationMs === undefined ? '-' : formatDuration(durationMs),
      record.outcome,
      record.snapshotId?.slice(0, 8) ?? '-',
      record.bytesAdded === undefined ? '-' : formatBytes(record.bytesAdded),
      record.failure === undefined ? '' : `${record.failure.type}: ${record.failure.message}`,
    ];
  });
  return renderTable(COLUMNS, rows, width);
}
