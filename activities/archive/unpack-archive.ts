import { stat } from 'node:fs/promises';
import { PhaseError } from '../phase-error.ts';
import { type ArchiveContents, type ArchiveJob, inspectArchive, readArguments, rejected } from './inspect-archive.ts';

export interface UnpackOptions {
  /** Paths relative to the stage (`manifest.json`, `files/config`), with all that is below. Default: everything. */
  only?: readonly string[];
  /** Asked once the size is known and before anything is written. Throws where there is not enough room. */
  beforeWriting?: (contents: ArchiveContents) => Promise<void>;
}

const ATTRIBUTES = ['--same-permissions', '--numeric-owner', '--acls', '--xattrs', '--xattrs-include=*'];

/**
 * Unpacks an archive of a stage into an existing, empty directory, with owners, modes, times and attributes.
 *
 * Nothing is ever written outside of `target`: the members are looked at before, and GNU tar itself strips absolute names,
 * refuses `..`, and makes symbolic links that lead out only when all else is written (tar manual, "Security").
 *
 * @returns what the whole archive holds
 * @throws {PhaseError} DumpRejected when it is damaged, hostile, or lacks one of `only`; DiskFull
 */
export async function unpackArchive(
  job: ArchiveJob,
  file: string,
  target: string,
  options: UnpackOptions = {},
): Promise<ArchiveContents> {
  const contents = await inspectArchive(job, file);
  await options.beforeWriting?.(contents);
  const { programs, context } = job;
  context.report({ phase: 'unpack', bytesDone: 0, bytesTotal: (await stat(file)).size });
  const members = (options.only ?? []).map((path) => `./${path}`);
  const { exitCode, stderr } = await programs.run({
    program: 'tar',
    args: [
      '--extract',
      // Two members of one name are an error, and no file is opened through what lies in its place.
      '--keep-old-files',
      ...ATTRIBUTES,
      ...readArguments(file),
      '--directory',
      target,
      '--no-wildcards',
      '--',
      ...members,
    ],
    subject: `archive ${file}`,
    signal: context.signal,
  });
  if (exitCode === 0) return contents;
  if (/no space left on device|disk quota exceeded/i.test(stderr)) {
    throw new PhaseError('DiskFull', `the disk of ${target} is full. Free some space: the restore goes on by itself.`);
  }
  throw rejected(file, `tar --extract ended with exit code ${exitCode}: ${stderr}`);
}
