import { expect, test } from '@jest/globals';
import { ADVICE_THRESHOLDS, adviseMethod } from '../../../../activities/changes/advise-method.ts';
import type { ChangeNote, StoredNote } from '../../../../activities/changes/change-notes.ts';
import type { MysqlSource, SqliteSource } from '../../../../config/types.ts';
import { plan } from '../../../support/configurations.ts';

const MIB = 1024 ** 2;
const DAY_MS = 24 * 60 * 60 * 1000;

const full = plan('app').sources[0] as SqliteSource;
const chained: SqliteSource = {
  ...full,
  method: 'incremental',
  chain: { directory: '/chains', viewDirectory: '/views', rebaseRatio: 1 },
};

/** Runs `0` to `4`, a day apart, each of which stored so much. */
function runs(storedMib: number, sources: Record<string, number> = {}): StoredNote[] {
  return [0, 1, 2, 3, 4].map((day) => ({
    runId: String(day),
    at: new Date(Date.UTC(2026, 0, 1) + day * DAY_MS).toISOString(),
    bytesAdded: storedMib * MIB,
    sources: { 'sqlite/main': 2_000 * MIB, ...sources },
  }));
}

/** Notes of the runs `1` to `4`. */
function changes(changedMib: number, note: Partial<ChangeNote> = {}): ChangeNote[] {
  return [1, 2, 3, 4].map((day) => ({
    runId: String(day),
    sinceRunId: String(day - 1),
    kind: 'copy',
    bytes: 2_000 * MIB,
    changedBytes: changedMib * MIB,
    ...note,
  }));
}

function advise(source: SqliteSource | MysqlSource, numbers: { changes: ChangeNote[]; stored: StoredNote[] }) {
  return adviseMethod(source, numbers, ADVICE_THRESHOLDS);
}

test('a large database that changes little and is stored nearly whole each day should be incremental', () => {
  expect(advise(full, { changes: changes(16), stored: runs(1_200) })).toEqual({
    message: 'the last 3 runs stored 1200 MiB each; about 0.8 % of its pages had changed (16 MiB)',
    advice: expect.stringContaining('Set method: incremental: about 8176 MiB less a week'),
  });
});

test('what others of the plan may have stored is not laid at its door', () => {
  const stored = runs(1_200, { 'files/etc': 200 * MIB });
  expect(advise(full, { changes: changes(16), stored })?.message).toContain(
    'stored 1200 MiB each for the whole plan, at least 1000 MiB of it for this source;',
  );
  expect(advise(full, { changes: changes(16), stored: runs(1_200, { 'sqlite/other': 1_190 * MIB }) })).toBeUndefined();
});

test.each<[string, { changes: ChangeNote[]; stored: StoredNote[] }]>([
  ['a small database', { changes: changes(1, { bytes: 200 * MIB }), stored: runs(150) }],
  ['a saving of less than 100 MiB a week', { changes: changes(1), stored: runs(15) }],
  ['a saving of less than the threefold', { changes: changes(250), stored: runs(1_200) }],
  ['two runs', { changes: changes(16).slice(2), stored: runs(1_200) }],
  ['a run among them that failed', { changes: changes(16), stored: runs(1_200).filter(({ runId }) => runId !== '3') }],
  ['numbers of its time as incremental', { changes: changes(16, { kind: 'chain' }), stored: runs(1_200) }],
  ['nothing known', { changes: [], stored: [] }],
])('of %s nothing is said', (_, numbers) => expect(advise(full, numbers)).toBeUndefined());

test('an incremental database whose changes outgrow its base within three runs should not be', () => {
  const stored = runs(1_200);
  expect(advise(chained, { changes: changes(900, { kind: 'chain' }), stored })).toEqual({
    message: 'the changes of its last 3 runs took 900 MiB each beside a base of 2000 MiB: they outgrow it within 3 runs',
    advice: expect.stringContaining('Set method: auto'),
  });
  expect(advise(chained, { changes: changes(500, { kind: 'chain' }), stored })).toBeUndefined();
  expect(advise(chained, { changes: changes(900), stored })).toBeUndefined();
});
