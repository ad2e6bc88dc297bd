import { join } from 'node:path';
import { readLines } from '../../process/output.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { backupArguments } from './arguments.ts';
import { cacheDirectory } from './call.ts';
import { RESTIC_EXIT } from './exit-codes.ts';
import { failed, type ResticBinding, runRestic } from './invocation.ts';
import { lastOpened } from './known-repository.ts';
import { type UploadProgress, watchUploadLimit } from './limit-watch.ts';
import { type BackupStatus, type BackupSummary, parseBackupLine, readErrorOutput } from './output.ts';

export interface BackupResult extends BackupSummary {
  /** False after exit 3: the snapshot was made, but lacks files that could not be read. Each is a warning. */
  isComplete: boolean;
}

/**
 * Runs `restic backup .` in a directory and reports its progress.
 *
 * @throws {LimitChanged} when it was ended since another upload limit is to hold from now on: call it again
 */
export async function backUp(
  binding: ResticBinding,
  options: { directory: string; host: string; tags: readonly string[] },
): Promise<BackupResult> {
  const { context, repository } = binding;
  let summary: BackupSummary | undefined;
  let progress: UploadProgress | undefined;
  const change = new AbortController();
  let unwatch: (() => void) | undefined;
  const result = await runRestic(binding, backupArguments(options), {
    cwd: options.directory,
    consume: async (stdout) => {
      for await (const line of readLines(stdout)) {
        const parsed = parseBackupLine(line);
        if (parsed?.message_type === 'summary') summary = parsed;
        else if (parsed !== undefined) progress = follow(parsed, context);
      }
    },
    endedBy: (rate) => {
      const limit = repository.uploadLimit;
      const id = lastOpened(binding)?.id;
      // Noted by probeRepository. Without it nothing tells when restic may be ended, and the limit holds as it is.
      if (limit !== undefined && rate !== undefined && id !== undefined) {
        const end = (reason: Error) => change.abort(reason);
        const cache = join(cacheDirectory(binding), id);
        unwatch = watchUploadLimit({ limit, rate, cacheDirectory: cache, progress: () => progress, end });
      }
      return change.signal;
    },
  }).finally(() => unwatch?.());
  const isComplete = result.exitCode === RESTIC_EXIT.done;
  if (!isComplete && result.exitCode !== RESTIC_EXIT.incomplete) throw failed(binding, 'backup', result);
  if (summary === undefined) {
    throw new PhaseError('Unexpected', `repository ${repository.name}: restic backup ended without naming its snapshot.`);
  }
  if (!isComplete) for (const line of readErrorOutput(result.stderr)) context.warn(line);
  return { ...summary, isComplete };
}

function follow(status: BackupStatus, context: PhaseContext): UploadProgress {
  const progress = { bytesDone: status.bytes_done, bytesTotal: status.total_bytes };
  context.report({
    phase: 'upload',
    percent: Math.round(status.percent_done * 100),
    ...progress,
    ...(status.current_files?.[0] === undefined ? {} : { currentItem: status.current_files[0] }),
  });
  return progress;
}
