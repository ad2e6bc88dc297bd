import { readLines } from '../../process/output.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { backupArguments } from './arguments.ts';
import { RESTIC_EXIT } from './exit-codes.ts';
import { failed, type ResticBinding, runRestic } from './invocation.ts';
import { type BackupSummary, parseBackupLine, readErrorOutput } from './output.ts';

export interface BackupResult extends BackupSummary {
  /** False after exit 3: the snapshot was made, but lacks files that could not be read. Each is a warning. */
  isComplete: boolean;
}

/** Runs `restic backup .` in a directory and reports its progress. */
export async function backUp(
  binding: ResticBinding,
  options: { directory: string; host: string; tags: readonly string[] },
): Promise<BackupResult> {
  const { context, repository } = binding;
  let summary: BackupSummary | undefined;
  const result = await runRestic(binding, backupArguments(options), {
    cwd: options.directory,
    consume: async (stdout) => {
      for await (const line of readLines(stdout)) summary = follow(line, context) ?? summary;
    },
  });
  const isComplete = result.exitCode === RESTIC_EXIT.done;
  if (!isComplete && result.exitCode !== RESTIC_EXIT.incomplete) throw failed(binding, 'backup', result);
  if (summary === undefined) {
    throw new PhaseError('Unexpected', `repository ${repository.name}: restic backup ended without naming its snapshot.`);
  }
  if (!isComplete) for (const line of readErrorOutput(result.stderr)) context.warn(line);
  return { ...summary, isComplete };
}

function follow(line: string, context: PhaseContext): BackupSummary | undefined {
  const parsed = parseBackupLine(line);
  if (parsed?.message_type === 'summary') return parsed;
  if (parsed === undefined) return undefined;
  context.report({
    phase: 'upload',
    percent: Math.round(parsed.percent_done * 100),
    bytesDone: parsed.bytes_done,
    bytesTotal: parsed.total_bytes,
    ...(parsed.current_files?.[0] === undefined ? {} : { currentItem: parsed.current_files[0] }),
  });
  return undefined;
}
