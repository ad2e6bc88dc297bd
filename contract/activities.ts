import type {
  AfterDumpResult,
  Arrival,
  CreateSnapshotResult,
  ForgetSnapshotsResult,
  OpenRunResult,
  PhaseResult,
  QueuedResult,
  ReportRunResult,
  RotateArchivesResult,
  RunRecord,
  RunReference,
  SealStageResult,
  StageSourceResult,
  WriteArchiveResult,
} from './backup.ts';
import type { ExamineHostResult, InitRepositoryInput, InitRepositoryResult, ListSnapshotsInput, Snapshot } from './inspect.ts';
import type { MaintenanceActivities } from './maintenance.ts';
import type { MountActivities } from './mount.ts';
import type { RestoreActivities } from './restore.ts';
import type { DrillRecord, VerifyActivities } from './verify.ts';

export interface OpenRunInput {
  workflowId: string;
  runId: string;
  startedAt: string;
  /** Absent in runs that were begun by a release that did not look at it. */
  arrival?: Arrival;
  /** The workflow's input as it came: it may be anything, and is judged by the activity. */
  input: unknown;
}

export interface AwaitTurnInput extends PhaseInput {
  kind: 'backup' | 'drill';
}

export interface PhaseInput {
  run: RunReference;
}

export interface StageSourceInput extends PhaseInput {
  /** Name of the source within its kind. */
  source: string;
}

export interface ForgetSnapshotsInput extends PhaseInput {
  /** The snapshot this run made: it must be among those that are kept. */
  snapshotId: string;
}

export interface AfterDumpInput extends PhaseInput {
  /** How often the dumps of this run were made, counted from 1. */
  round: number;
  /** True when the dumps were cancelled because `max_stopped` had passed. */
  isLate: boolean;
}

export interface ReportRunInput {
  record: RunRecord;
}

export interface NotifyInput {
  record: RunRecord | DrillRecord;
  /** Position in the list of `holdfast.yaml`, from 0. */
  notification: number;
}

/** The phases of a backup run. Each is safe to repeat: a retry starts from what its last attempt left. */
export interface BackupActivities {
  openRun(input: OpenRunInput): Promise<OpenRunResult | QueuedResult>;
  awaitTurn(input: AwaitTurnInput): Promise<PhaseResult>;
  probeRepository(input: PhaseInput): Promise<PhaseResult>;
  beforeDump(input: PhaseInput): Promise<PhaseResult>;
  afterDump(input: AfterDumpInput): Promise<AfterDumpResult>;
  dumpSqlite(input: StageSourceInput): Promise<StageSourceResult>;
  dumpMysql(input: StageSourceInput): Promise<StageSourceResult>;
  stageFiles(input: StageSourceInput): Promise<StageSourceResult>;
  sealStage(input: PhaseInput): Promise<SealStageResult>;
  writeArchive(input: PhaseInput): Promise<WriteArchiveResult>;
  createSnapshot(input: PhaseInput): Promise<CreateSnapshotResult>;
  forgetSnapshots(input: ForgetSnapshotsInput): Promise<ForgetSnapshotsResult>;
  rotateArchives(input: PhaseInput): Promise<RotateArchivesResult>;
  cleanUpStage(input: PhaseInput): Promise<PhaseResult>;
  reportRun(input: ReportRunInput): Promise<ReportRunResult>;
  notify(input: NotifyInput): Promise<PhaseResult>;
}

/** What the CLI asks of the worker's machine. Inputs come from outside and are judged by the activity. */
export interface InspectActivities {
  initRepository(input: InitRepositoryInput): Promise<InitRepositoryResult>;
  listSnapshots(input: ListSnapshotsInput): Promise<Snapshot[]>;
  examineHost(): Promise<ExamineHostResult>;
}

export interface Activities
  extends BackupActivities,
    InspectActivities,
    MaintenanceActivities,
    MountActivities,
    RestoreActivities,
    VerifyActivities {}
