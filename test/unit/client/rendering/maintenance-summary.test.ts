import { expect, test } from '@jest/globals';
import { renderLocks } from '../../../../client/commands/unlock.ts';
import { renderMaintenanceSummary } from '../../../../client/rendering/maintenance-summary.ts';
import { choosePalette } from '../../../../client/rendering/palette.ts';
import { toMaintenanceDocument } from '../../../../client/runs/maintenance-document.ts';
import type { RunRecord } from '../../../../contract/backup.ts';
import { phaseRecord, runRecord } from '../../../support/run-records.ts';

const palette = choosePalette({ isTerminal: false, write: () => {}, columns: () => 80 }, {});

function record(changes: Partial<RunRecord>): RunRecord {
  const { snapshotId: _s, archive: _a, bytesAdded: _b, bytesProcessed: _p, ...run } = runRecord();
  return {
    ...run,
    plan: 'main',
    phases: [phaseRecord('openMaintenance')],
    maintained: { task: 'check', repository: 'main' },
    ...changes,
  };
}

test('a prune says what it freed and what remains, for people and as JSON', () => {
  const prune = { bytesFreed: 2048, bytesRemaining: 4096, bytesUnused: 0 };
  const ended = record({ maintained: { task: 'check', repository: 'main', prune } });
  const text = renderMaintenanceSummary('prune', ended, palette).join('\n');
  expect(text).toContain('Prune of repository main succeeded after 14 s.');
  expect(text).toMatch(/freed +2\.0 KiB\n +remaining +4\.0 KiB\n +unused +0 B/);
  const document = toMaintenanceDocument('prune', ended);
  expect(document).toMatchObject({ repository: 'main', outcome: 'succeeded', bytes_freed: 2048, bytes_unused: 0 });
  expect(Object.keys(document)).not.toContain('plan');
  expect(Object.keys(document)).not.toContain('data_read');
});

test('a check that read a part says how to read the rest, and one that read all does not', () => {
  const check = (dataRead: string) =>
    record({ maintained: { task: 'check', repository: 'main', check: { dataRead, suggestsPrune: false } } });
  expect(renderMaintenanceSummary('check', check('3/8'), palette).join('\n')).toContain('holdfast check main --read-data');
  expect(renderMaintenanceSummary('check', check('all'), palette).join('\n')).not.toContain('--read-data');
  expect(toMaintenanceDocument('check', record({ outcome: 'running' }))).toMatchObject({ data_read: null });
});

test('a damaged repository leads to the way to repair it', () => {
  const failure = { type: 'RepositoryDamaged', message: 'repository main is damaged', phase: 'checkRepository' };
  const lines = renderMaintenanceSummary('check', record({ outcome: 'failed', failure }), palette).join('\n');
  expect(lines).toContain('Check of repository main failed');
  expect(lines).toContain('077_troubleshooting');
});

test('locks are a table with what became of each, and a refusal says why', () => {
  const lock = {
    id: 'ab'.repeat(32),
    state: 'dead',
    exclusive: false,
    machine: 'h',
    user: 'root',
    pid: 7,
    refreshed_at: '2026-11-23T03:00:00Z',
    age_ms: 120_000,
  } as const;
  const result = { repository: 'main', locks: [lock], removed: [] };
  expect(renderLocks(result, false).join('\n')).toMatch(/abababab +dead +shared +h +root +7 +2 min ago[^]*unlock main --yes/);
  expect(renderLocks({ ...result, removed: [lock.id] }, true).join('\n')).toMatch(/removed/);
  expect(renderLocks({ ...result, refusal: 'it lives' }, true).at(-1)).toBe('nothing was removed: it lives');
  expect(renderLocks({ ...result, locks: [] }, false)).toEqual(['repository main has no locks']);
});
