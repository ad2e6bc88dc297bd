import type { PhaseRecord, RunRecord } from '../../contract/backup.ts';

/** A run that succeeded, with what a test wants different in it. */
export function runRecord(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    plan: 'tracker',
    host: 'tracker-1',
    workflowId: 'backup/tracker-1/tracker-manual-20261123T030000Z-9f3a',
    runId: '0c5c8f4e-8a5d-4b36-9a2e-2d1d3e0f7a11',
    outcome: 'succeeded',
    startedAt: '2026-11-23T03:00:00.000Z',
    finishedAt: '2026-11-23T03:00:14.000Z',
    snapshotId: '4bba301e'.repeat(8),
    bytesProcessed: 512 * 1024 * 1024,
    bytesAdded: 34 * 1024 * 1024,
    archive: { path: '/backups/tracker-20261123T030000Z.tar.zst', bytes: 210 * 1024 * 1024 },
    phases: [phaseRecord('openRun'), phaseRecord('dumpSqlite sqlite/tracker', { bytes: 512 * 1024 * 1024 })],
    warnings: [],
    ...changes,
  };
}

/** A phase that is done, with what a test wants different in it. */
export function phaseRecord(name: string, changes: Partial<PhaseRecord> = {}): PhaseRecord {
  return { name, status: 'done', startedAt: '2026-11-23T03:00:00.000Z', durationMs: 400, attempts: 1, ...changes };
}

/** A phase in progress. */
export function openPhase(name: string): PhaseRecord {
  return { name, status: 'running', startedAt: '2026-11-23T03:00:00.000Z' };
}
