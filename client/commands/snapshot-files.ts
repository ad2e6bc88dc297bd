import type { Command } from 'commander';
import { WORKFLOWS } from '../../contract/names.ts';
import type { ListFilesInput, ListFilesResult, SnapshotFile } from '../../contract/restore.ts';
import { type Context, printResult, readConfiguration, say, withTemporal } from '../context.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { requirePlan } from '../plans.ts';
import { formatBytes, formatTime } from '../rendering/quantities.ts';
import { type Column, renderTable } from '../rendering/table.ts';
import { printRestore, runRestore } from './restore.ts';

interface SelectFlags {
  snapshot?: string;
  at?: string;
  json?: true;
}

/** `holdfast ls PLAN [PATH]`: what lies in a snapshot. Asks the worker. */
export function addLs(program: Command, context: Context): void {
  selectable(program.command('ls').description('list a directory of a snapshot'))
    .argument('<plan>', 'name in the configuration')
    .argument('[path]', 'directory inside the snapshot: files/config/etc')
    .option('--json', 'print the list as JSON')
    .addHelpText('after', '\nExamples:\n  holdfast ls tracker\n  holdfast ls tracker files/config --at 2026-11-01T03:00')
    .action(async (plan: string, path: string | undefined, flags: SelectFlags) => list(context, { plan, path }, flags));
}

/** `holdfast dump PLAN PATH`: one file of a snapshot, as a file below restore_directory. */
export function addDump(program: Command, context: Context): void {
  selectable(program.command('dump').description('restore one file of a snapshot into a new directory, and print its path'))
    .argument('<plan>', 'name in the configuration')
    .argument('<path>', 'file inside the snapshot, as holdfast ls names it')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', DUMP_HELP)
    .action(async (plan: string, path: string, flags: SelectFlags) => {
      context.exitCode = await dump(context, { plan, path }, flags);
    });
}

const DUMP_HELP = `
The file is written on the worker's machine, whatever its size, and only its path
is printed: what is in it never passes through Temporal.

Examples:
  holdfast dump tracker files/config/etc/tracker.toml
  sqlite3 "$(holdfast dump tracker sqlite/tracker.db)" .tables`;

function selectable(command: Command): Command {
  return command
    .option('--snapshot <id>', 'id of a snapshot or its beginning, or "latest" (default)')
    .option('--at <time>', 'the newest snapshot that is not younger: 2026-11-01T03:00, in UTC');
}

function selection({ snapshot, at }: SelectFlags): Pick<ListFilesInput, 'snapshot' | 'at'> {
  return { ...(snapshot === undefined ? {} : { snapshot }), ...(at === undefined ? {} : { at }) };
}

async function list(context: Context, where: { plan: string; path: string | undefined }, flags: SelectFlags): Promise<void> {
  const configuration = await readConfiguration(context);
  const { name } = requirePlan(configuration, where.plan);
  const path = where.path?.replace(/^\/+/, '');
  const input: ListFilesInput = { plan: name, ...selection(flags), ...(path === undefined ? {} : { path }) };
  const result = await withTemporal(context, async (temporal) => {
    const { askWorker } = await import('../ask-worker.ts');
    const summary = `List files in a snapshot of ${name}`;
    return askWorker<ListFilesResult>(temporal, { host: configuration.host, workflow: WORKFLOWS.listFiles, input, summary });
  });
  if (flags.json !== true) say(context, `snapshot ${result.snapshot_id.slice(0, 8)} of ${formatTime(result.time)}`);
  if (result.total > result.files.length) say(context, `only the first ${result.files.length} of ${result.total} are shown`);
  printResult(context, flags.json === true, { document: result, lines: renderFiles(result.files) });
}

const COLUMNS: readonly Column[] = [
  { title: 'MODE' },
  { title: 'SIZE', align: 'right' },
  { title: 'CHANGED' },
  { title: 'PATH' },
];

function renderFiles(files: readonly SnapshotFile[]): string[] {
  const rows = files.map(({ permissions, type, bytes, mtime, path }) => [
    permissions,
    type === 'file' ? formatBytes(bytes) : '-',
    formatTime(mtime),
    type === 'dir' ? `${path}/` : path,
  ]);
  return renderTable(COLUMNS, rows);
}

async function dump(context: Context, { plan, path }: { plan: string; path: string }, flags: SelectFlags): Promise<number> {
  const configuration = await readConfiguration(context);
  const { name } = requirePlan(configuration, plan);
  const file = path.replace(/^\/+/, '');
  const input = { plan: name, file, ...selection(flags) };
  const isJson = flags.json === true;
  const record = await withTemporal(context, (temporal) =>
    runRestore(context, temporal, { host: configuration.host, input, isJson }),
  );
  const target = record.restored?.path;
  if (isJson || target === undefined) printRestore(context, record, isJson);
  else context.io.stdout.write(`${target}/${file}\n`);
  return exitCodeOfRun(record.outcome, record.failure?.type);
}
