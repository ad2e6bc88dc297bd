import { expect, test } from '@jest/globals';
import { renderRestoreSummary } from '../../../../client/rendering/restore-summary.ts';
import { toRestoreDocument } from '../../../../client/runs/restore-document.ts';
import type { Restored } from '../../../../contract/restore.ts';
import { runRecord } from '../../../support/run-records.ts';

const restored: Restored = {
  path: '/var/lib/holdfast/restore/tracker-20261123T030000Z-1a2b3c4d',
  snapshotId: 'ab'.repeat(32),
  time: '2026-11-22T03:00:00.000Z',
  files: 1,
  bytes: 2048,
  restoreMs: 1500,
  verified: true,
  overwrites: [{ source: 'sqlite/tracker', what: '/srv/app.db', how: 'kept beside it' }],
  kept: ['/srv/app.db.before-1a2b3c4d'],
};

test('a restore that succeeded says where everything is, and that it was verified', () => {
  const text = renderRestoreSummary(runRecord({ outcome: 'succeeded', restored })).join('\n');
  expect(text).toContain('succeeded');
  expect(text).toContain(restored.path ?? '');
  expect(text).toContain('1 file, 2.0 KiB');
  expect(text).toContain('each file is as it was backed up');
  expect(text).toContain('/srv/app.db.before-1a2b3c4d');
});

test('a restore with differences says so first, and lists them', () => {
  const partial = {
    outcome: 'partial' as const,
    restored: { ...restored, verified: false },
    warnings: ['files/config/a is missing'],
  };
  const lines = renderRestoreSummary(runRecord(partial));
  expect(lines[0]).toContain('not every file is as it was backed up');
  expect(lines).toContain('  - files/config/a is missing');
  expect(toRestoreDocument(runRecord(partial))).toMatchObject({ outcome: 'partial', verified: false, path: restored.path });
});

test('a restore that failed early has every field of the JSON format, and overwrote nothing', () => {
  const failure = { type: 'ConfigInvalid', message: 'no such snapshot', phase: 'openRestore' };
  const document = toRestoreDocument(runRecord({ outcome: 'failed', failure }));
  expect(document).toMatchObject({
    path: null,
    snapshot_id: null,
    files: null,
    verified: false,
    overwrote: [],
    kept: [],
    failure,
  });
  expect(toRestoreDocument(runRecord({ outcome: 'failed', failure, restored })).overwrote).toEqual([]);
});
