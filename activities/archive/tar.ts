import { readdir, stat } from 'node:fs/promises';
import type { ArchiveFormat } from '../../config/types.ts';
import { readLines } from '../../process/output.ts';
import type { Programs } from '../../process/programs.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';

export interface TarJob {
  programs: Programs;
  format: ArchiveFormat;
  stageDirectory: string;
  context: PhaseContext;
}

/** How tar compresses; it adds `-d` itself when it reads. */
const COMPRESSORS: Readonly<Record<ArchiveFormat, string>> = { 'tar.zst': 'zstd -T0 -3', 'tar.gz': 'gzip' };

const PROGRESS_INTERVAL_MS = 1_000;

/**
 * Packs the stage into an existing, empty file. Members begin with `./` and are sorted; times keep their nanoseconds (pax format).
 *
 * @throws {PhaseError} DiskFull, StorageUnavailable
 */
export async function packStage(job: TarJob, file: string): Promise<void> {
  const { context } = job;
  const timer = setInterval(() => {
    stat(file).then(
      ({ size }) => context.report({ phase: 'write', bytesDone: size }),
      () => undefined,
    );
  }, PROGRESS_INTERVAL_MS);
  context.report({ phase: 'write', bytesDone: 0 });
  try {
    await runTar(job, file, [
      '--create',
      '--sort=name',
      '--format=posix',
      '--numeric-owner',
      '--acls',
      '--xattrs',
      ...commonArguments(job, file),
      '.',
    ]);
  } finally {
    clearInterval(timer);
  }
}

/**
 * Reads an archive back: each member must be what lies in the stage, and there must be as many.
 *
 * @throws {PhaseError} DumpRejected
 */
export async function compareWithStage(job: TarJob, file: string): Promise<void> {
  job.context.report({ phase: 'verify' });
  const expected = await countEntries(job.stageDirectory);
  const { members } = await runTar(job, file, [
    '--compare',
    '--verbose',
    // A name with a newline is still one line.
    '--quoting-style=escape',
    ...commonArguments(job, file),
  ]);
  if (members === expected) return;
  throw new PhaseError('DumpRejected', `archive ${file} has ${members} members where the stage has ${expected}.`);
}

function commonArguments(job: TarJob, file: string): string[] {
  // Without --force-local a colon in the path would be taken for the name of a host.
  return ['--use-compress-program', COMPRESSORS[job.format], '--force-local', '--file', file, '--directory', job.stageDirectory];
}

async function runTar(job: TarJob, file: string, args: readonly string[]): Promise<{ members: number }> {
  // Missing, it would be tar's error, and a less clear one.
  await job.programs.find(COMPRESSORS[job.format].split(' ', 1)[0] ?? '');
  let members = 0;
  const differences: string[] = [];
  const { exitCode, stderr } = await job.programs.run({
    program: 'tar',
    args,
    subject: `archive ${file}`,
    signal: job.context.signal,
    consume: async (stdout) => {
      for await (const line of readLines(stdout)) {
        if (!/: [A-Z][a-z ]* differs?$/.test(line)) members++;
        else if (differences.length < 5) differences.push(line);
      }
    },
  });
  if (exitCode === 0) return { members };
  const said = [...differences, stderr].join(' / ');
  if (/no space left on device|disk quota exceeded/i.test(said)) {
    throw new PhaseError(
      'DiskFull',
      `the disk of the archive directory is full: ${said}. Free some space: the run goes on by itself.`,
    );
  }
  // tar --compare: 1 for differences (GNU tar manual, "Comparison of tar members with the file system").
  const type = args[0] === '--compare' ? 'DumpRejected' : 'StorageUnavailable';
  throw new PhaseError(type, `tar ${args[0]} of the stage ended with exit code ${exitCode}: ${said}`);
}

/** Files, directories and links below a directory, itself included. */
async function countEntries(directory: string | Buffer): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' });
  let count = 1;
  for (const entry of entries) {
    count += entry.isDirectory() ? await countEntries(Buffer.concat([Buffer.from(directory), Buffer.from('/'), entry.name])) : 1;
  }
  return count;
}
