import type { FileHandle } from 'node:fs/promises';
import { ProgramStalled } from '../../../process/errors.ts';
import type { Programs } from '../../../process/programs.ts';
import type { Sample } from '../../changes/sketch.ts';
import type { PhaseContext } from '../../phase.ts';
import { describeSource } from './address.ts';
import { dumpArguments } from './arguments.ts';
import { type ClientEnd, clientError, failureTypeOf, meaningfulLines } from './client-errors.ts';
import { necessaryOmissions } from './concerns.ts';
import type { DumpContents } from './dump-contents.ts';
import { DumpScanner } from './dump-scanner.ts';
import { DumpWriter } from './dump-writer.ts';
import { Problem } from './problem.ts';
import { CLIENT_ENVIRONMENT, refreshCatalog, type Session } from './session.ts';
import { sameTables } from './verify-dump.ts';

/** What a dump program wrote. */
export interface RawDump {
  bytes: number;
  sha256: string;
  contents: DumpContents;
  sample: Sample | undefined;
}

/**
 * Runs the dump program and takes what it writes into `file`, reading each byte once.
 *
 * @throws {PhaseError} when it does not end well, or its text does not end with the completion line.
 */
export async function runDump(programs: Programs, session: Session, file: FileHandle, context: PhaseContext): Promise<RawDump> {
  const { source, client, catalog } = session;
  const names = new Set(catalog.tables.map((table) => table.name));
  const structureOnly = source.structureOnly.filter((name) => names.has(name));
  const scanner = new DumpScanner();
  // A chain tells by its own sizes what has changed (changes/change-notes.ts).
  const writer = new DumpWriter(file, scanner, { isSampled: source.chain === undefined });
  const calls = dumpArguments(source, client, { structureOnly, omit: necessaryOmissions(catalog) });
  for (const args of calls) {
    const end = await call({ programs, session, context, writer, scanner }, args);
    await writer.flush();
    if (end.exitCode !== 0) throw await explainEnd(programs, session, end, context);
    if (!scanner.isComplete) throw incomplete(session);
    for (const line of meaningfulLines(end.stderr).slice(0, 3)) context.warn(`${describeSource(source)}: ${line}`);
  }
  const ended = await writer.end();
  return { bytes: writer.bytes, ...ended, contents: scanner.contents };
}

interface Job {
  programs: Programs;
  session: Session;
  context: PhaseContext;
  writer: DumpWriter;
  scanner: DumpScanner;
}

async function call(job: Job, args: readonly string[]): Promise<ClientEnd> {
  const { client, options } = job.session;
  try {
    const { exitCode, stderr } = await job.programs.run({
      program: client.dumpProgram,
      args,
      env: CLIENT_ENVIRONMENT,
      secretInput: options,
      signal: job.context.signal,
      killAfterMs: 500,
      consume: async (stdout) => {
        for await (const chunk of stdout) {
          await job.writer.write(chunk);
          reportProgress(job);
        }
      },
    });
    return { program: client.dumpProgram, exitCode, stderr };
  } catch (error) {
    throw error instanceof ProgramStalled ? stall(job.session, error) : error;
  }
}

/** The percentage is of the rows that the server guesses it has. */
function reportProgress({ session, context, writer, scanner }: Job): void {
  const rows = session.catalog.tables.reduce((sum, table) => sum + table.rows, 0);
  context.report({
    phase: 'dump',
    bytesDone: writer.bytes,
    currentItem: scanner.currentTable === '' ? session.source.database : scanner.currentTable,
    ...(rows === 0 ? {} : { percent: Math.min(99, Math.floor((scanner.rowsDone * 100) / rows)) }),
  });
}

function stall({ source }: Session, { message }: ProgramStalled): Problem {
  return new Problem(
    'ProcessTimeout',
    `${describeSource(source)}: ${message}.`,
    'Does another session hold a lock on a table? SHOW PROCESSLIST tells. The dump is tried again. If its server rightly needs ' +
      'longer before it sends something, raise no_progress_timeout in holdfast.yaml.',
  );
}

function incomplete({ source, client }: Session): Problem {
  return new Problem(
    'DumpRejected',
    `${describeSource(source)}: ${client.dumpProgram} ended without an error, but its text does not end with "-- Dump completed".`,
    'Run it by hand to see why.',
  );
}

/** An error that is not known by its number is worth another try when tables came or went meanwhile. */
async function explainEnd(programs: Programs, session: Session, end: ClientEnd, context: PhaseContext): Promise<Problem> {
  const { source, client, catalog } = session;
  if (failureTypeOf(end) !== undefined) return clientError(source, client, end, 'DumpRejected');
  const after = await refreshCatalog(programs, session, context);
  return clientError(source, client, end, sameTables(catalog, after) ? 'DumpRejected' : 'SourceUnavailable');
}
