import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';

let holdfast: Holdfast;

beforeAll(async () => {
  holdfast = await Holdfast.create((directory) =>
    renderConfiguration(directory, {
      sources: `files:\n  config: { base: ${directory}/data, paths: [etc] }`,
      extra: 'retention: { keep_last: 1 }',
    }),
  );
  const etc = join(holdfast.directory, 'data/etc');
  await mkdir(etc);
  for (const name of ['a', 'b', 'c', 'd']) await writeFile(join(etc, name), name.repeat(10_000));
  await holdfast.restic('init');
  await holdfast.up();
}, 60_000);

afterAll(() => holdfast.stop());

async function countSnapshots(): Promise<number> {
  return (JSON.parse(await holdfast.restic('snapshots', '--json')) as unknown[]).length;
}

test('a stage that lost more than half is backed up, but makes nothing be forgotten; the next run is measured against it', async () => {
  await holdfast.backup('tracker');
  for (const name of ['b', 'c', 'd']) await rm(join(holdfast.directory, 'data/etc', name));

  const shrunken = await holdfast.backup('tracker');
  expect(shrunken.run.outcome).toBe('succeeded');
  expect(shrunken.run.warnings.join()).toContain('files/config shrank suspiciously');
  expect(shrunken.run.phases.map(({ name }) => name)).not.toContain('forgetSnapshots');
  expect(await countSnapshots()).toBe(2);

  const next = await holdfast.backup('tracker');
  expect(next.run.warnings).toEqual([]);
  expect(await countSnapshots()).toBe(1);
}, 60_000);
