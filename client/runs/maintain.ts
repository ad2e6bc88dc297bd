import type { CheckInput, MaintenanceTask } from '../../contract/maintenance.ts';
import { type Context, printResult, readConfiguration, say, withTemporal } from '../context.ts';
import { EXIT, exitCodeOfRun } from '../exit-codes.ts';
import { requireRepository } from '../plans.ts';

export interface MaintainRequest {
  task: MaintenanceTask;
  /** As typed; may be left out where there is one only. */
  repository: string | undefined;
  /** What the workflow is told besides the name of the repository. */
  input: Pick<CheckInput, 'read_data'>;
  isDetached: boolean;
  isJson: boolean;
}

/** Starts a check or prune, shows its progress and its result, and returns the exit code that it comes to. */
export async function maintain(context: Context, { task, isJson, ...request }: MaintainRequest): Promise<number> {
  const configuration = await readConfiguration(context);
  const repository = requireRepository(configuration, request.repository);
  const { host } = configuration;
  const { choosePalette } = await import('../rendering/palette.ts');
  const { renderMaintenanceSummary } = await import('../rendering/maintenance-summary.ts');
  const { toMaintenanceDocument } = await import('./maintenance-document.ts');
  const record = await withTemporal(context, async (temporal) => {
    const { requireWorker } = await import('../worker-presence.ts');
    const { startMaintenance } = await import('./start-maintenance.ts');
    const { watchRun } = await import('./watch-run.ts');
    await requireWorker(temporal, host);
    const run = await startMaintenance(temporal, { host, task, input: { repository, ...request.input } });
    return request.isDetached ? run.record : watchRun(context, temporal, { run, isJson });
  });
  if (!isJson) say(context, '');
  printResult(context, isJson, {
    document: toMaintenanceDocument(task, record),
    lines: renderMaintenanceSummary(task, record, choosePalette(context.io.stdout, context.io.environment)),
  });
  return request.isDetached ? EXIT.done : exitCodeOfRun(record.outcome, record.failure?.type);
}
