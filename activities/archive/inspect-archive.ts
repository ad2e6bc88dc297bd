import { readLines } from '../../process/output.ts';
import type { Programs } from '../../process/programs.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';

/** What reading an archive needs. */
export interface ArchiveJob {
  readonly programs: Programs;
  readonly context: PhaseContext;
}

export interface ArchiveContents {
  members: number;
  /** Of all files, unpacked. */
  bytes: number;
}

/** `-rw------- 0/0 1234 2026-11-23 03:00 ./name`, as GNU tar 1.34 lists with --verbose --numeric-owner. */
const MEMBER = /^(\S)\S*\s+\S+\s+(\d+)\s+\S+\s+\S+ (.*)$/;

/** tar finds out itself how a file is compressed, whatever its name says. Without --force-local a colon would name a host. */
export function readArguments(file: string): string[] {
  return ['--force-local', '--file', file];
}

/**
 * Lists an archive: how much is in it, and that there is nothing in it that Holdfast would never have put there. Only files,
 * directories and symbolic links belong there, and only below `./`.
 *
 * @throws {PhaseError} DumpRejected when it is cut, damaged or hostile
 */
export async function inspectArchive({ programs, context }: ArchiveJob, file: string): Promise<ArchiveContents> {
  context.report({ phase: 'read the archive' });
  const contents = { members: 0, bytes: 0 };
  const strangers: string[] = [];
  const listing = ['--list', '--verbose', '--numeric-owner', '--quoting-style=escape', '--absolute-names'];
  const { exitCode, stderr } = await programs.run({
    program: 'tar',
    args: [...listing, ...readArguments(file)],
    subject: `archive ${file}`,
    signal: context.signal,
    consume: async (stdout) => {
      for await (const line of readLines(stdout)) {
        const [, type = '', bytes = '0', name = ''] = MEMBER.exec(line) ?? [];
        contents.members++;
        contents.bytes += Number(bytes);
        if (!isOurs(type, name) && strangers.length < 5) strangers.push(line);
      }
    },
  });
  if (strangers.length > 0) throw rejected(file, `it holds what no backup does: ${strangers.join(', ')}`);
  if (exitCode !== 0) throw rejected(file, `tar cannot read it (exit code ${exitCode}): ${stderr}`);
  return contents;
}

function isOurs(type: string, listed: string): boolean {
  const name = type === 'l' ? (listed.split(' -> ', 1)[0] ?? '') : listed;
  return '-dl'.includes(type) && type !== '' && name.startsWith('./') && !name.split('/').includes('..');
}

/** The error for an archive that is not to be used. */
export function rejected(file: string, why: string): PhaseError {
  return new PhaseError(
    'DumpRejected',
    `archive ${file} is not to be trusted: ${why}. Take another one, or restore from the repository.`,
  );
}
