/**
 * restic as functions: one per command that Holdfast uses, with typed results and errors of the closed set of failures.
 *
 * What must never be here: knowledge of plans, or a decision about what to keep.
 */
import type { Retention } from '../../config/types.ts';
import type { SnapshotFile } from '../../contract/restore.ts';
import { ProgramStalled, ProgramTimeout } from '../../process/errors.ts';
import type { Programs } from '../../process/programs.ts';
import { PhaseError } from '../phase-error.ts';
import { forgetPreviewArguments, snapshotsArguments } from './arguments.ts';
import { type BackupResult, backUp } from './backup.ts';
import { queryRestic, type ResticBinding } from './invocation.ts';
import { noteOpened } from './known-repository.ts';
import { listSnapshot } from './list.ts';
import { parseForgetPreview, parseRepositoryId, parseSnapshots, type ResticSnapshot, type RestoreSummary } from './output.ts';
import { type RestoreSnapshotOptions, restoreSnapshot } from './restore.ts';
import { compareVersions, OLDEST_RESTIC, parseResticVersion } from './version.ts';

/** restic retries an unreachable backend for 15 minutes by itself (restic 0.19.1, measured), and no flag shortens it. */
const PROBE_TIMEOUT_MS = 60_000;

export interface Restic {
  /** Opens the repository and returns its id. @throws {PhaseError} RepositoryMissing, AuthRejected, StorageUnavailable, … */
  probe(): Promise<string>;
  /** Creates the repository, unless there is one that the password opens. Never where it merely cannot be reached, or was before. */
  init(): Promise<{ repositoryId: string; wasCreated: boolean }>;
  /** Backs up a directory as `.`. */
  backup(options: { directory: string; host: string; tags: readonly string[] }): Promise<BackupResult>;
  snapshots(options: { host: string; tags: readonly string[] }): Promise<ResticSnapshot[]>;
  /** What a policy would keep and remove; changes nothing. */
  previewForget(options: { host: string; plan: string; retention: Retention }): Promise<{
    keep: ResticSnapshot[];
    remove: ResticSnapshot[];
  }>;
  /** Lays a snapshot out in a directory. @throws {PhaseError} RepositoryDamaged, DiskFull, … */
  restore(options: RestoreSnapshotOptions): Promise<RestoreSummary>;
  /** Lists a directory of a snapshot. @throws {PhaseError} ConfigInvalid when there is nothing at that path */
  list(options: { snapshotId: string; path: string }): Promise<SnapshotFile[]>;
  /** Forgets exactly these snapshots. */
  forget(snapshotIds: readonly string[]): Promise<void>;
}

/** restic's own version. @throws {PhaseError} ToolMissing when it is older than {@link OLDEST_RESTIC}. @throws {ProgramMissing} */
export async function requireRestic(programs: Programs, signal: AbortSignal): Promise<string> {
  const { stdout } = await programs.run({ program: 'restic', args: ['version', '--json'], signal });
  const version = parseResticVersion(stdout);
  if (version !== undefined && compareVersions(version, OLDEST_RESTIC) >= 0) return version;
  const path = await programs.find('restic');
  throw new PhaseError(
    'ToolMissing',
    `${path} is restic ${version ?? 'of an unknown version'}; ${OLDEST_RESTIC} or newer is needed.`,
  );
}

/** Binds restic to a repository for the length of one activity. */
export function createRestic(binding: ResticBinding): Restic {
  return {
    probe: () => probe(binding),
    init: () => init(binding),
    backup: (options) => backUp(binding, options),
    snapshots: async (filter) => parseSnapshots(await queryRestic(binding, snapshotsArguments(filter))),
    previewForget: async (policy) => parseForgetPreview(await queryRestic(binding, forgetPreviewArguments(policy))),
    restore: (options) => restoreSnapshot(binding, options),
    list: (options) => listSnapshot(binding, options),
    forget: async (snapshotIds) => {
      if (snapshotIds.length > 0) await queryRestic(binding, ['forget', ...snapshotIds]);
    },
  };
}

async function probe(binding: ResticBinding): Promise<string> {
  try {
    const id = parseRepositoryId(await queryRestic(binding, ['cat', 'config', '--no-lock'], { timeoutMs: PROBE_TIMEOUT_MS }));
    noteOpened(binding, id);
    return id;
  } catch (error) {
    throw explainSilence(binding.repository.name, error);
  }
}

/** What it means that a probe had to be ended; errors of another kind are returned as they are. */
function explainSilence(name: string, error: unknown): unknown {
  const isLate = error instanceof PhaseError && error.type === 'ProcessTimeout' && error.cause instanceof ProgramTimeout;
  if (isLate) {
    const text = `repository ${name} did not answer until the deadline. Can it be reached from this machine?`;
    return new PhaseError('StorageUnavailable', text, { cause: error, isFinal: true });
  }
  if (!(error instanceof ProgramTimeout || error instanceof ProgramStalled)) return error;
  const waitedMs = error instanceof ProgramStalled ? error.stalledMs : PROBE_TIMEOUT_MS;
  return new PhaseError(
    'StorageUnavailable',
    `repository ${name} did not answer within ${waitedMs / 1000} s. The run goes on by itself once it can be reached.`,
    { cause: error },
  );
}

async function init(binding: ResticBinding): Promise<{ repositoryId: string; wasCreated: boolean }> {
  try {
    return { repositoryId: await probe(binding), wasCreated: false };
  } catch (error) {
    if (!(error instanceof PhaseError && error.type === 'RepositoryMissing')) throw error;
  }
  await queryRestic(binding, ['init']);
  return { repositoryId: await probe(binding), wasCreated: true };
}
