import { rm } from 'node:fs/promises';
import { sourceId } from '../../../contract/backup.ts';
import { PhaseError } from '../../phase-error.ts';
import {
  ConnectionLost,
  connect,
  databaseUri,
  OPEN_ARGUMENTS,
  PREPARE,
  parseRow,
  type Row,
  withConnection,
} from './connection.ts';
import type { DumpJob, RawDump } from './dump-job.ts';
import { HashedFile } from './hashed-file.ts';
import { syncFile } from './plain-file.ts';
import { quickCheck } from './quick-check.ts';
import {
  type ContentAnswers,
  countSql,
  type DatabaseContent,
  SETTINGS_SQL,
  TABLES_SQL,
  toContent,
  toNames,
} from './read-content.ts';
import { explain } from './sqlite-failure.ts';
import { requireShortStall } from './writer-stall.ts';

/** SQL text takes about this much more than the file: 1.76 times was measured, and a blob takes two digits a byte. */
export const SQL_GROWTH = 2;

const MAX_ATTEMPTS = 3;
const SEPARATOR = '-- next answer';
const HEAD_END = '-- end of the answers\n';

/** What `.dump` ends with; a table that could not be read makes it `ROLLBACK; -- due to errors` (sqlite3 3.40, shell.c). */
const COMPLETION = 'COMMIT;\n';

/**
 * Writes SQL text by sqlite3's `.dump`, in one read transaction together with the row counts. The settings that `.dump` leaves
 * out are put around it. It cuts a text value at a NUL character, as all of sqlite3's text output does.
 *
 * @throws {PhaseError} ConfigInvalid when writers would wait too long; SourceUnavailable, DumpRejected
 */
export async function sqlDump(job: DumpJob): Promise<RawDump> {
  const { context, file, source } = job;
  requireShortStall(source, file);
  const open = () => connect(job.programs, databaseUri(source.path, 'rw'), context.signal);
  try {
    context.report({ phase: 'verify', bytesTotal: file.bytes });
    await quickCheck(open, source, context);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const tables = await withConnection(open, (connection) => connection.query(TABLES_SQL));
      const dump = await dumpTables(job, toNames(tables));
      if (dump !== undefined) return dump;
      await rm(job.partial);
    }
  } catch (error) {
    throw explain(source, '.dump of', error);
  }
  throw new PhaseError(
    'SourceUnavailable',
    `${sourceId(source)}: tables of ${source.path} came or went during each of ${MAX_ATTEMPTS} dumps. The backup is tried again.`,
  );
}

/**
 * The names must be known ahead, for the rows to be counted in the dump's own transaction.
 *
 * @returns undefined when the tables are no longer those.
 */
async function dumpTables(job: DumpJob, names: readonly string[]): Promise<RawDump | undefined> {
  const { context, partial, programs, source } = job;
  const file = await HashedFile.create(partial);
  try {
    let answers: ContentAnswers | undefined;
    const result = await programs.run({
      program: 'sqlite3',
      args: [...OPEN_ARGUMENTS, databaseUri(source.path, 'rw')],
      input: dumpScript(names),
      subject: source.path,
      // Writers of a rollback journal wait for it.
      keepsPriority: true,
      signal: context.signal,
      consume: async (stdout) => {
        answers = await receive(stdout, file, () => reportText(job, file.bytes));
      },
    });
    if (answers === undefined || !file.endsWith(COMPLETION)) throw new ConnectionLost(result.stderr || 'the dump is incomplete');
    if (JSON.stringify(toNames(answers[1])) !== JSON.stringify(names)) return undefined;
    const content = toContent(answers, source, (message) => context.warn(message));
    const journalMode = String(answers[0][0]?.['journal_mode']);
    await file.write(settingsAfter(content, journalMode));
    const hash = file.finish();
    await syncFile(partial, context.signal);
    return { ...hash, method: 'sql', journalMode, content };
  } finally {
    await file.close();
  }
}

function dumpScript(names: readonly string[]): string {
  const questions = [`BEGIN;\n${SETTINGS_SQL}`, TABLES_SQL, countSql(names)];
  return `${PREPARE}\n${questions.join(`\n.print "${SEPARATOR}"\n`)}\n.print "${HEAD_END.trimEnd()}"\n.dump\n`;
}

/** Takes the answers off the beginning and writes the rest. We write it, as sqlite3 would not notice a full disk. */
async function receive(
  stdout: AsyncIterable<Uint8Array>,
  file: HashedFile,
  onWritten: () => void,
): Promise<ContentAnswers | undefined> {
  let answers: ContentAnswers | undefined;
  let head = Buffer.alloc(0);
  for await (const chunk of stdout) {
    if (answers === undefined) {
      head = Buffer.concat([head, chunk]);
      // No data can look like this: within JSON a newline is escaped.
      const end = head.indexOf(HEAD_END);
      if (end === -1) continue;
      answers = parseAnswers(head.toString('utf8', 0, end));
      await file.write(settingsBefore(answers[0][0]));
      await file.write(head.subarray(end + HEAD_END.length));
    } else {
      await file.write(chunk);
    }
    onWritten();
  }
  return answers;
}

function parseAnswers(head: string): ContentAnswers {
  const answers = head.split(`${SEPARATOR}\n`).map((answer) => answer.split('\n').filter(Boolean).map(parseRow));
  return [answers[0] ?? [], answers[1] ?? [], answers[2] ?? []];
}

function settingsBefore(settings: Row | undefined): string {
  return [
    `PRAGMA page_size=${Number(settings?.['page_size'])};\n`,
    `PRAGMA encoding='${String(settings?.['encoding'])}';\n`,
    `PRAGMA auto_vacuum=${Number(settings?.['auto_vacuum'])};\n`,
  ].join('');
}

function settingsAfter(content: DatabaseContent, journalMode: string): string {
  const wal = journalMode === 'wal' ? 'PRAGMA journal_mode=WAL;\n' : '';
  return `PRAGMA user_version=${content.user_version};\nPRAGMA application_id=${content.application_id};\n${wal}`;
}

function reportText(job: DumpJob, bytes: number): void {
  const bytesTotal = (job.file.bytes + job.file.walBytes) * SQL_GROWTH;
  job.context.report({ phase: 'copy', bytesDone: Math.min(bytes, bytesTotal), bytesTotal });
}
