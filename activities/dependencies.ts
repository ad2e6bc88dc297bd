import type { Configuration } from '../config/types.ts';
import type { RunRecord } from '../contract/backup.ts';
import type { MaintenanceTask } from '../contract/maintenance.ts';
import type { DrillRecord } from '../contract/verify.ts';
import type { Programs } from '../process/programs.ts';
import type { HookKeeper } from './hooks/hook-keeper.ts';
import type { ActivePhases } from './run/active-phases.ts';

/** Everything an activity has besides its input. The worker builds it once. */
export interface ActivityDependencies {
  readonly configuration: Configuration;
  readonly configurationHash: string;
  readonly holdfastVersion: string;
  readonly programs: Programs;
  readonly activePhases: ActivePhases;
  readonly hooks: HookKeeper;
  /** Where `{ env: NAME }` secrets come from: the worker's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether the search attributes are registered in the namespace. */
  readonly hasSearchAttributes: boolean;
  /** Whether a workflow execution is still open; false when Temporal does not know it. Throws when Temporal cannot be reached. */
  isRunOpen(run: { workflowId: string; runId: string }): Promise<boolean>;
  /** Told of each drill that ended: counts it in the metrics. */
  onDrillReported(record: DrillRecord): void;
  /** Told of each run that ended: counts it in the metrics. */
  onRunReported(record: RunRecord): void;
  /** Told of each check or prune that ended. */
  onMaintenanceReported(task: MaintenanceTask, record: RunRecord): void;
}
