import { readLines } from '../../process/output.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { restoreArguments } from './arguments.ts';
import { RESTIC_EXIT } from './exit-codes.ts';
import { failed, type ResticBinding, runRestic } from './invocation.ts';
import { parseRestoreLine, type RestoreSummary, readErrorOutput } from './output.ts';

export interface RestoreSnapshotOptions {
  /** Exact id of the snapshot, 64 hexadecimal digits: never `latest`, which may be another one by the next attempt. */
  snapshotId: string;
  /** Directory that the tree of the snapshot is laid out in. */
  target: string;
  /** Paths inside the snapshot, relative to the stage (`manifest.json`, `files/config`), with all that is below. Default: all. */
  include?: readonly string[];
}

/**
 * What restic says of content that it cannot give back, always with exit code 1 (restic 0.19.1, tried with flipped bytes, a cut
 * pack, a lost pack, a lost index; the texts for S3 are those of its client).
 */
const DAMAGE =
  /ciphertext verification failed|invalid data returned|file is too short|not found in repository|(?:ReadFull|Load)\(.*(?:no such file|key does not exist|404)|blob \S+ (?:is )?damaged|hash mismatch/i;

/** Said by disks, whatever restic was reading at that moment. */
const NO_ROOM = /no space left on device|disk quota exceeded/i;

/**
 * Runs `restic restore` of one snapshot and reports its progress.
 *
 * What restic complains of is a failure, never a warning: a tree that lacks a file is no restore.
 *
 * @throws {PhaseError} RepositoryDamaged when content is lost, DiskFull, and what any restic command ends with
 */
export async function restoreSnapshot(binding: ResticBinding, options: RestoreSnapshotOptions): Promise<RestoreSummary> {
  const { context, repository } = binding;
  let summary: RestoreSummary | undefined;
  context.report({ phase: 'restore' });
  const result = await runRestic(binding, restoreArguments(options), {
    consume: async (stdout) => {
      for await (const line of readLines(stdout)) summary = follow(line, context) ?? summary;
    },
  });
  // A restore that failed prints its summary all the same, so the exit code alone decides.
  if (result.exitCode !== RESTIC_EXIT.done) throw damaged(binding, options, result.stderr) ?? failed(binding, 'restore', result);
  if (summary !== undefined) return summary;
  throw new PhaseError('Unexpected', `repository ${repository.name}: restic restore ended without a summary.`);
}

function follow(line: string, context: PhaseContext): RestoreSummary | undefined {
  const parsed = parseRestoreLine(line);
  if (parsed?.message_type === 'summary') return parsed;
  if (parsed === undefined) return undefined;
  context.report({
    phase: 'restore',
    percent: Math.round(parsed.percent_done * 100),
    bytesDone: parsed.bytes_restored,
    bytesTotal: parsed.total_bytes,
  });
  return undefined;
}

function damaged(binding: ResticBinding, { snapshotId }: RestoreSnapshotOptions, stderr: string): PhaseError | undefined {
  const lines = readErrorOutput(stderr);
  const name = `repository ${binding.repository.name}: snapshot ${snapshotId.slice(0, 8)}`;
  if (lines.some((line) => /no matching ID found|<snapshot\/.*(?:no such file|not exist|404)/.test(line))) {
    return new PhaseError('ConfigInvalid', `${name} is not there (any more). \`holdfast snapshots\` lists what is.`);
  }
  const found = lines.filter((line) => DAMAGE.test(line));
  if (found.length === 0 || lines.some((line) => NO_ROOM.test(line))) return undefined;
  return new PhaseError(
    'RepositoryDamaged',
    `${name} cannot be restored whole: ${[...new Set(found)].slice(0, 3).join(' / ')}. ` +
      'Restore an older snapshot (--at, --snapshot) or the local archive (--from archive), and let ' +
      '`restic check --read-data` tell how much of the repository is damaged before anything else is written to it.',
  );
}
