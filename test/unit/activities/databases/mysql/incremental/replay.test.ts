import { appendFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Chain, KeptChain } from '../../../../../../activities/databases/mysql/incremental/chain.ts';
import { makeNext } from '../../../../../../activities/databases/mysql/incremental/next-chain.ts';
import { replayChain } from '../../../../../../activities/databases/mysql/incremental/replay.ts';
import { replayScript } from '../../../../../../activities/databases/mysql/incremental/replay-script.ts';
import { sha256Of } from '../../../../../support/chain-place.ts';
import { replayByScript } from '../../../../../support/mysql-chain.ts';
import { createRandom, edit, rows } from '../../../../../support/patches.ts';
import { createTestContext, programs, type TestContext, withDirectory } from '../../../../../support/phase-context.ts';

const SKIPPABLE_FRAME = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);

/** A chain of a dump that changes from day to day, as it comes out of a backup. */
async function restoredChain(
  directory: string,
  {
    days,
    maxPartBytes = 2 ** 28,
    count = 800,
    edits = 20,
  }: { days: number; maxPartBytes?: number; count?: number; edits?: number },
): Promise<{ chain: Chain; files: string; text: Buffer }> {
  const random = createRandom(days);
  const settings = { directory: join(directory, 'chain'), viewDirectory: join(directory, 'view'), rebaseRatio: 100 };
  await mkdir(settings.directory, { recursive: true });
  let text = rows(random, count);
  let kept: KeptChain | undefined;
  for (let day = 0; day <= days; day += 1) {
    const name = join(settings.directory, 'next.sql');
    await writeFile(name, text);
    const job = {
      source: { kind: 'mysql' as const, name: 'tracker' },
      settings,
      context: createTestContext(),
      programs,
      maxPartBytes,
      server: 'mariadb 10.11',
      text: { name, bytes: text.length, sha256: await sha256Of(name) },
    };
    ({ kept } = await makeNext(job, kept));
    if (day < days) text = edit(text, random, 1 + Math.floor(random() * edits));
  }
  const { chain, texts } = kept as KeptChain;
  const files = join(settings.directory, chain.id);
  for (const { name } of texts) if (!name.startsWith('base')) await rm(join(files, name));
  await writeFile(join(files, 'chain.json'), JSON.stringify(chain));
  await writeFile(join(files, 'replay.sh'), replayScript(chain));
  return { chain, files, text };
}

async function replay(files: string, context: TestContext = createTestContext()) {
  const target = join(dirname(files), 'made.sql');
  const made = await replayChain({ programs, directory: files, target }, context);
  expect(await sha256Of(target)).toBe(made.sha256);
  expect((await readdir(dirname(files))).filter((name) => name.startsWith('made'))).toEqual(['made.sql']);
  return { ...made, warnings: context.warnings };
}

test('thirty days come back at once, and by the script', async () => {
  await withDirectory(async (directory) => {
    const { chain, files, text } = await restoredChain(directory, { days: 30 });
    expect(chain.deltas).toHaveLength(30);
    expect(await replay(files)).toEqual({ ...chain.dump, warnings: [] });
    expect(await replay(files)).toEqual({ ...chain.dump, warnings: [] });
    expect((await readFile(join(dirname(files), 'made.sql'))).equals(text)).toBe(true);
    expect(await sha256Of(await replayByScript(files, directory))).toBe(chain.dump.sha256);
  });
}, 120_000);

test('a dump in parts comes back, whichever part each was made of', async () => {
  await withDirectory(async (directory) => {
    const { chain, files } = await restoredChain(directory, { days: 8, maxPartBytes: 20_000, count: 2_000, edits: 1 });
    expect(chain.base.length).toBeGreaterThan(3);
    expect(chain.deltas.some(({ parts }) => parts.some(({ patch }) => patch === undefined))).toBe(true);
    expect(await replay(files)).toEqual({ ...chain.dump, warnings: [] });
    expect(await sha256Of(await replayByScript(files, directory))).toBe(chain.dump.sha256);
  });
}, 120_000);

test('a base alone comes back', async () => {
  await withDirectory(async (directory) => {
    const { chain, files } = await restoredChain(directory, { days: 0 });
    expect(await replay(files)).toEqual({ ...chain.dump, warnings: [] });
  });
});

test('a patch that only zstd takes is left to zstd, with a warning', async () => {
  await withDirectory(async (directory) => {
    const { chain, files } = await restoredChain(directory, { days: 4 });
    await appendFile(join(files, '0003.sql.zst'), SKIPPABLE_FRAME);
    const { warnings, ...made } = await replay(files);
    expect(made).toEqual(chain.dump);
    expect(warnings).toEqual([
      expect.stringMatching(/zstd applies its patches one by one.*0003\.sql\.zst has something after the frame/),
    ]);
  });
}, 120_000);

test('a chain that is not what it was gives what zstd makes of it, or nothing', async () => {
  await withDirectory(async (directory) => {
    const { files } = await restoredChain(directory, { days: 2 });
    const base = await readFile(join(files, 'base.sql'));
    base[5] = (base[5] as number) ^ 1;
    await writeFile(join(files, 'base.sql'), base);
    // Each frame has a checksum of its text.
    await expect(replay(files)).rejects.toThrow(/zstd cannot apply .*0001\.sql\.zst/);
    await truncate(join(files, 'base.sql'), 1_000);
    await expect(replay(files)).rejects.toThrow(/zstd cannot apply/);
  });
}, 120_000);

test('a chain that lacks a patch, or says another length, gives nothing that counts', async () => {
  await withDirectory(async (directory) => {
    const { chain, files } = await restoredChain(directory, { days: 2 });
    const lying = { ...chain, dump: { ...chain.dump, bytes: chain.dump.bytes - 1 } };
    await writeFile(join(files, 'chain.json'), JSON.stringify(lying));
    expect(await replay(files)).toEqual({
      ...chain.dump,
      warnings: [expect.stringContaining('patches that give more than the dump')],
    });
    await rm(join(files, '0002.sql.zst'));
    const context = createTestContext();
    await expect(replay(files, context)).rejects.toThrow(/zstd cannot apply .*0002\.sql\.zst/);
    expect(context.warnings).toEqual([expect.stringContaining('ENOENT')]);
  });
}, 120_000);

test('a replay that is cancelled ends, and the next one begins anew', async () => {
  await withDirectory(async (directory) => {
    const { chain, files } = await restoredChain(directory, { days: 3 });
    const context = createTestContext();
    const cancelling = {
      ...context,
      report: () => context.controller.abort(new Error('cancelled')),
    };
    await expect(replay(files, cancelling)).rejects.toThrow('cancelled');
    expect(await replay(files)).toEqual({ ...chain.dump, warnings: [] });
  });
}, 120_000);
