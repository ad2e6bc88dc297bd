/**
 * The command line of Holdfast: one file per command in commands/, put together here.
 * Never here: process.env, an exit, or an import that takes long; a command loads what it needs when it runs.
 */
import { Command, CommanderError } from 'commander';
import { HOLDFAST_VERSION } from '../contract/version.ts';
import { reportError, usageError } from './command-error.ts';
import { addApply } from './commands/apply.ts';
import { addBackup } from './commands/backup.ts';
import { addCheck } from './commands/check.ts';
import { addConfig } from './commands/config.ts';
import { addDoctor } from './commands/doctor.ts';
import { addHistory } from './commands/history.ts';
import { addInit } from './commands/init.ts';
import { addMount } from './commands/mount.ts';
import { addPrune } from './commands/prune.ts';
import { addRestore } from './commands/restore.ts';
import { addDump, addLs } from './commands/snapshot-files.ts';
import { addSnapshots } from './commands/snapshots.ts';
import { addStatus } from './commands/status.ts';
import { addUnlock } from './commands/unlock.ts';
import { addUp } from './commands/up.ts';
import { addVerify } from './commands/verify.ts';
import { addWorker } from './commands/worker.ts';
import type { Context } from './context.ts';
import { EXIT } from './exit-codes.ts';
import type { Io } from './io.ts';

/** Adds a command to the program. Its action sets the exit code of the context. */
type AddCommand = (program: Command, context: Context) => void;

/** In the order of the help: what runs, what acts, what looks. */
const COMMANDS: readonly AddCommand[] = [
  addUp,
  addWorker,
  addApply,
  addInit,
  addBackup,
  addRestore,
  addVerify,
  addCheck,
  addPrune,
  addSnapshots,
  addLs,
  addDump,
  addMount,
  addStatus,
  addHistory,
  addDoctor,
  addUnlock,
  addConfig,
];

/** Runs one command line, without the program's name, and returns its exit code. Never throws. */
export async function runProgram(argv: readonly string[], io: Io): Promise<number> {
  const context: Context = { io, configurationFlag: undefined, exitCode: EXIT.done };
  try {
    await createProgram(context).parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return reportFailure(error, argv, io);
  }
}

function createProgram(context: Context): Command {
  const { stdout, stderr } = context.io;
  const program = new Command('holdfast')
    .description('Durable backups of live databases and their configuration, with restic and Temporal.')
    .version(HOLDFAST_VERSION, '-V, --version', 'print the version')
    .option('--config <file>', 'configuration; else HOLDFAST_CONFIG, ./holdfast.yaml or /etc/holdfast/holdfast.yaml')
    .option('--verbose', 'show where an unexpected error came from')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', HELP_END)
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns(),
      getErrHelpWidth: () => stderr.columns(),
      // reportFailure prints it, in one way for all errors.
      outputError: () => undefined,
    })
    .hook('preAction', (root) => {
      context.configurationFlag = root.opts<{ config?: string }>().config;
    });
  for (const add of COMMANDS) add(program, context);
  pointToHelp(program, 'holdfast');
  return program;
}

/** Ends what a command's parser has to say with the help of that very command. */
function pointToHelp(command: Command, name: string): void {
  command.exitOverride((error) => {
    if (isAnswer(error)) throw error;
    throw usageError(`${error.message.replace(/^error: /, '')}\nSee: ${name} --help`);
  });
  for (const each of command.commands) pointToHelp(each, `${name} ${each.name()}`);
}

/** Help or version; commander shows the help itself when a command is missing. */
function isAnswer(error: CommanderError): boolean {
  return error.exitCode === 0 || error.code === 'commander.help';
}

const HELP_END = `
Temporal is found by the variables and profiles that the temporal CLI reads too:
TEMPORAL_ADDRESS (default 127.0.0.1:7233), TEMPORAL_NAMESPACE, TEMPORAL_PROFILE.

Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 partial,
10 repository missing, 11 locked, 12 log-in refused, 20 Temporal unreachable or
no worker, 130 cancelled, or no longer watched after Ctrl-C.

First steps:
  holdfast config example > holdfast.yaml
  holdfast up                    # keeps running; the rest in a second terminal
  holdfast init
  holdfast backup PLAN`;

function reportFailure(error: unknown, argv: readonly string[], io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const report = reportError(error);
  const { type, message, exitCode } = report;
  if (isJsonWanted(argv)) {
    io.stdout.write(`${JSON.stringify({ error: { type, message, exit_code: exitCode } }, undefined, 2)}\n`);
  }
  io.stderr.write(`holdfast: ${message}\n`);
  if (!report.isExpected) io.stderr.write(stackOrHint(error, argv, io));
  return exitCode;
}

function stackOrHint(error: unknown, argv: readonly string[], io: Io): string {
  const isWanted = ownOptions(argv).includes('--verbose') || (io.environment['HOLDFAST_DEBUG'] ?? '') !== '';
  if (!isWanted) return 'This was not expected. With --verbose it says where it happened.\n';
  return error instanceof Error ? `${error.stack ?? error.message}\n` : '';
}

/** Asked after parsing failed, so that the parser cannot be asked. */
function isJsonWanted(argv: readonly string[]): boolean {
  return ownOptions(argv).includes('--json');
}

/** Arguments before `--`: what follows is never an option. */
function ownOptions(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end === -1 ? argv : argv.slice(0, end);
}
