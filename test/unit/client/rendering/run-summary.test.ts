import { expect, test } from '@jest/globals';
import { PLAIN } from '../../../../client/rendering/palette.ts';
import { renderRunSummary } from '../../../../client/rendering/run-summary.ts';
import { runRecord } from '../../../support/run-records.ts';

test('the summary of a good run names snapshot, bytes, archive, phases and what to do next', () => {
  expect(renderRunSummary(runRecord({ warnings: ['skipped the socket /data/x'] }), PLAIN)).toEqual([
    'Backup of tracker succeeded after 14 s.',
    '',
    '  snapshot   4bba301e',
    '  processed  512.0 MiB',
    '  added      34.0 MiB',
    '  archive    /backups/tracker-20261123T030000Z.tar.zst (210.0 MiB)',
    '  run        backup/tracker-1/tracker-manual-20261123T030000Z-9f3a',
    '',
    'phases',
    '  openRun                    0.4 s',
    '  dumpSqlite sqlite/tracker  0.4 s  512.0 MiB',
    '',
    'warnings',
    '  - skipped the socket /data/x',
    '',
    'next',
    '  all snapshots: holdfast snapshots tracker',
    '  try that it comes back: holdfast restore tracker',
  ]);
});

test('the summary of a failed run says which phase failed, why, and what helps', () => {
  const failure = { type: 'RepositoryMissing', message: 'no restic repository at /srv/restic', phase: 'probeRepository' };
  const lines = renderRunSummary(runRecord({ outcome: 'failed', failure }), PLAIN);
  expect(lines.slice(0, 2)).toEqual([
    'Backup of tracker failed after 14 s.',
    'probeRepository: no restic repository at /srv/restic (RepositoryMissing)',
  ]);
  expect(lines).toContain('  create the repository, once: holdfast init');
});

test('a run that was left to itself says how to follow it', () => {
  const { finishedAt: _, ...open } = runRecord({ outcome: 'running' });
  const lines = renderRunSummary(open, PLAIN).join('\n');
  expect(lines).toContain('is still running.');
  expect(lines).toContain('holdfast history tracker');
});

test('the lines of a summary fit into 80 columns', () => {
  const failure = {
    type: 'DumpRejected',
    message: `the dump ${'is not what it should be '.repeat(20)}`,
    phase: 'dumpMysql mysql/x',
  };
  const warnings = [`a warning ${'that goes on '.repeat(30)}`];
  const lines = renderRunSummary(runRecord({ outcome: 'failed', failure, warnings }), PLAIN);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
