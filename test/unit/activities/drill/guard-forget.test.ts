import { expect, test } from '@jest/globals';
import { guardForget } from '../../../../activities/drill/guard-forget.ts';
import type { ResticSnapshot } from '../../../../activities/restic/output.ts';

/** A snapshot of a day in November 2026. */
function snapshot(day: number): ResticSnapshot {
  const id = `${day}`.padStart(64, '0');
  return {
    id,
    short_id: id.slice(0, 8),
    time: `2026-11-${String(day).padStart(2, '0')}T03:00:00Z`,
    hostname: 'h',
    paths: ['/stage'],
  };
}

const id = (day: number) => snapshot(day).id;

test('without a proven snapshot the list is what the policy says', () => {
  expect(guardForget({ keep: [snapshot(3)], remove: [snapshot(1), snapshot(2)] }, [])).toEqual([id(1), id(2)]);
});

test('the newest proven snapshot stays, and older proven ones go', () => {
  const preview = { keep: [snapshot(9)], remove: [snapshot(1), snapshot(2), snapshot(3)] };
  expect(guardForget(preview, [id(1), id(2)])).toEqual([id(1), id(3)]);
});

test('a proven snapshot that is kept anyway protects no other', () => {
  expect(guardForget({ keep: [snapshot(9)], remove: [snapshot(1)] }, [id(1), id(9)])).toEqual([id(1)]);
});

test('a proven snapshot that is gone protects nothing', () => {
  expect(guardForget({ keep: [snapshot(9)], remove: [snapshot(1)] }, [id(5)])).toEqual([id(1)]);
});

test('the newest is told by when it was made, whatever the time zones', () => {
  const late = { ...snapshot(1), time: '2026-11-02T01:00:00+02:00' };
  const later = { ...snapshot(2), time: '2026-11-01T23:30:00Z' };
  expect(guardForget({ keep: [snapshot(9)], remove: [late, later] }, [late.id, later.id])).toEqual([late.id]);
});

test('the only snapshot is never removed', () => {
  expect(guardForget({ keep: [], remove: [snapshot(1)] }, [])).toEqual([]);
});
