import { type Command, InvalidArgumentError } from 'commander';
import type { RunRecord } from '../../contract/backup.ts';
import { WORKFLOWS } from '../../contract/names.ts';
import type { Overwrite, RestoreInput, RestorePlan } from '../../contract/restore.ts';
import type { Temporal } from '../connect.ts';
import { type Context, printResult, readConfiguration, say, withTemporal } from '../context.ts';
import { EXIT, exitCodeOfRun } from '../exit-codes.ts';
import { requirePlan } from '../plans.ts';
import { formatTime } from '../rendering/quantities.ts';
import { renderRestoreSummary } from '../rendering/restore-summary.ts';
import { toRestoreDocument } from '../runs/restore-document.ts';

interface RestoreFlags {
  snapshot?: string;
  at?: string;
  only?: string[];
  from?: 'repository' | 'archive';
  inPlace?: true;
  load?: string;
  into?: string;
  yes?: true;
  json?: true;
}

/** `holdfast restore PLAN`: fetches a backup, compares it with its manifest, and puts it where it was asked to be. */
export function addRestore(program: Command, context: Context): void {
  program
    .command('restore')
    .description('restore a backup into a new directory below restore_directory, or in place')
    .argument('<plan>', 'name in the configuration')
    .option('--snapshot <id>', 'id of a snapshot or its beginning, or "latest" (default); of an archive: its name')
    .option('--at <time>', 'the newest backup that is not younger: 2026-11-01T03:00, in UTC')
    .option('--only <source...>', 'only these sources: sqlite/tracker files/config')
    .option('--from <place>', 'repository (default) or archive, which needs no restic', parseFrom)
    .option('--in-place', 'put files and SQLite databases back where they were; what is there is kept beside it')
    .option('--load <source>', 'load the dump of a MySQL source into its server: mysql/tracker')
    .option('--into <database>', 'load into this database instead of its own')
    .option('--yes', 'go on although something is overwritten; without it that is only listed')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (plan: string, flags: RestoreFlags) => {
      context.exitCode = await restore(context, plan, flags);
    });
}

const EXAMPLES = `
Everything happens on the worker's machine; paths are paths there.

Examples:
  holdfast restore tracker
  holdfast restore tracker --only sqlite/tracker --at 2026-11-01T03:00
  holdfast restore tracker --from archive
  holdfast restore tracker --only sqlite/tracker --in-place --yes
  holdfast restore tracker --load mysql/tracker --into tracker_restored`;

function parseFrom(value: string): 'repository' | 'archive' {
  if (value === 'repository' || value === 'archive') return value;
  throw new InvalidArgumentError('choose repository or archive.');
}

async function restore(context: Context, plan: string, flags: RestoreFlags): Promise<number> {
  const configuration = await readConfiguration(context);
  const { name } = requirePlan(configuration, plan);
  const { host } = configuration;
  const isJson = flags.json === true;
  const input = toInput(name, flags);
  return withTemporal(context, async (temporal) => {
    if (flags.inPlace === true || flags.load !== undefined) {
      const preview = await askForPreview(temporal, host, input);
      sayOverwrites(context, preview);
      if (preview.overwrites.length > 0 && flags.yes !== true) {
        say(context, '', 'Nothing was touched. To go on, add --yes.');
        if (isJson) printResult(context, true, { document: { ...preview, confirmed: false }, lines: [] });
        return EXIT.usage;
      }
    }
    const record = await runRestore(context, temporal, { host, input, isJson });
    printRestore(context, record, isJson);
    return exitCodeOfRun(record.outcome, record.failure?.type);
  });
}

function toInput(plan: string, flags: RestoreFlags): RestoreInput {
  const { snapshot, at, only, from, inPlace, load, into, yes } = flags;
  return {
    plan,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(at === undefined ? {} : { at }),
    ...(only === undefined ? {} : { only }),
    ...(from === undefined ? {} : { from }),
    ...(inPlace === undefined ? {} : { in_place: true }),
    ...(load === undefined ? {} : { load }),
    ...(into === undefined ? {} : { into }),
    ...(yes === undefined ? {} : { confirmed: true }),
  };
}

async function askForPreview(temporal: Temporal, host: string, input: RestoreInput): Promise<RestorePlan> {
  const { askWorker } = await import('../ask-worker.ts');
  const summary = `What would a restore of ${input.plan} overwrite?`;
  return askWorker<RestorePlan>(temporal, { host, workflow: WORKFLOWS.previewRestore, input, summary });
}

function sayOverwrites(context: Context, { overwrites, origin, time }: RestorePlan): void {
  const what = origin.from === 'repository' ? `snapshot ${origin.id.slice(0, 8)}` : `archive ${origin.name}`;
  say(context, `From ${what} of ${formatTime(time)}.`);
  if (overwrites.length === 0) say(context, 'Nothing is in the way.');
  else say(context, 'This replaces:', ...overwrites.map(renderOverwrite));
}

function renderOverwrite({ source, what, how }: Overwrite): string {
  return `  ${source}: ${what} (${how})`;
}

/** Starts a restore and watches it to its end. Also what `holdfast dump` does. */
export async function runRestore(
  context: Context,
  temporal: Temporal,
  { host, input, isJson }: { host: string; input: RestoreInput; isJson: boolean },
): Promise<RunRecord> {
  const { requireWorker } = await import('../worker-presence.ts');
  const { startRestore } = await import('../runs/start-restore.ts');
  const { watchRun } = await import('../runs/watch-run.ts');
  await requireWorker(temporal, host);
  return watchRun(context, temporal, { run: await startRestore(temporal, host, input), isJson });
}

/** Prints how a restore ended. */
export function printRestore(context: Context, record: RunRecord, isJson: boolean): void {
  if (!isJson) say(context, '');
  printResult(context, isJson, { document: toRestoreDocument(record), lines: renderRestoreSummary(record) });
}
