import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { changedShare, SAMPLE_SIZE, type Sample } from '../../../../activities/changes/sketch.ts';
import { TextSampler } from '../../../../activities/databases/mysql/text-sampler.ts';
import { PageSampler } from '../../../../activities/databases/sqlite/page-sampler.ts';

const PAGE = 512;

/** A database file of pages that are all different, but for its header. */
function databaseOf(pages: number): Buffer {
  const file = randomBytes(pages * PAGE);
  file.writeUInt16BE(PAGE, 16);
  return file;
}

/** Reads it in pieces that fit no page. */
function samplePages(file: Buffer, pieceBytes = 1_000_000): Sample {
  const sampler = new PageSampler();
  for (let offset = 0; offset < file.length; offset += pieceBytes) {
    sampler.take(file.subarray(offset, offset + pieceBytes), offset);
  }
  return sampler.finish();
}

function changePages(file: Buffer, each: number): Buffer {
  const changed = Buffer.from(file);
  for (let page = each; page * PAGE < file.length; page += each)
    changed.writeUInt8(changed.readUInt8(page * PAGE) ^ 1, page * PAGE);
  return changed;
}

test('of a small database each page is compared', () => {
  const file = databaseOf(2_000);
  const whole = samplePages(file, file.length);
  expect(whole.entries).toHaveLength(2_000);
  expect(changedShare(whole, samplePages(file, file.length))).toBe(0);
  expect(changedShare(whole, samplePages(changePages(file, 100), file.length))).toBe(19 / 2_000);
});

test('of a large one a sample of fixed size tells which share changed, also when it has grown', () => {
  const file = databaseOf(40_000);
  const before = samplePages(file);
  expect(before.entries).toHaveLength(SAMPLE_SIZE);
  const few = changedShare(before, samplePages(changePages(file, 50))) ?? Number.NaN;
  expect(few).toBeGreaterThan(0.012);
  expect(few).toBeLessThan(0.028);
  const grown = Buffer.concat([file, randomBytes(10_000 * PAGE)]);
  const share = changedShare(before, samplePages(grown)) ?? Number.NaN;
  expect(share).toBeGreaterThan(0.16);
  expect(share).toBeLessThan(0.24);
});

/** As a dump has it: `(1,'…',0),` and so on, with a line more in front of it. */
function textOf(rows: number, { isChanged, ahead = '' }: { isChanged: (id: number) => boolean; ahead?: string }): Buffer {
  const ids = Array.from({ length: rows }, (_, id) => id);
  const values = ids.map(
    (id) => `(${id},'${Math.imul(id, 0x9e3779b1).toString(16).padStart(40, 'f')}',${isChanged(id) ? 1 : 0})`,
  );
  return Buffer.from(`${ahead}INSERT INTO t VALUES ${values.join(',')};\n`);
}

function sampleText(text: Buffer, pieceBytes = 1_000_000): Sample {
  const sampler = new TextSampler();
  for (let offset = 0; offset < text.length; offset += pieceBytes) sampler.take(text.subarray(offset, offset + pieceBytes));
  return sampler.finish();
}

test('of a dump the share of rows that changed is told wherever they stand', () => {
  const rows = 300_000;
  const before = sampleText(textOf(rows, { isChanged: () => false }));
  expect(before.entries.length).toBeGreaterThan(2_000);
  expect(changedShare(before, sampleText(textOf(rows, { isChanged: () => false, ahead: '-- a line more\n' })))).toBeLessThan(
    0.001,
  );
  // One of 97; the 64 bytes of a part are a little more than a row.
  const share = changedShare(before, sampleText(textOf(rows, { isChanged: (id) => id % 97 === 0 }))) ?? Number.NaN;
  expect(share).toBeGreaterThan(0.007);
  expect(share).toBeLessThan(0.03);
});

test('of next to nothing no share is told', () => {
  const empty = sampleText(Buffer.from('-- empty\n'));
  expect(changedShare(empty, empty)).toBeUndefined();
});
