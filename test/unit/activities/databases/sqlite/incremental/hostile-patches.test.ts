import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { replayChain } from '../../../../../../activities/databases/sqlite/incremental/replay.ts';
import { PERL_PATCHER, PYTHON_PATCHER } from '../../../../../../activities/databases/sqlite/incremental/script-patchers.ts';
import { createTestContext, programs, withDirectory } from '../../../../../support/phase-context.ts';

const PAGE = 512;
const PAGES = 4;

const uint16 = (...values: number[]) => Buffer.concat(values.map((value) => Buffer.from([value & 255, value >> 8])));
const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const head = (pageSize = PAGE, pages = PAGES) =>
  Buffer.concat([Buffer.from('HFPATCH2'), uint32(pageSize), uint32(pages), uint32(0)]);
const record = (step: number, operations: Buffer) => Buffer.concat([uint32(step), uint16(operations.length), operations]);
const put = (where: number, bytes: Buffer) => Buffer.concat([uint16(where, bytes.length), bytes]);
const end = Buffer.alloc(6);

/** A page rebuilt from pages of the base, or renewed. */
const rebuilt = (step: number, operations: Buffer, kind = 0xfffe) =>
  Buffer.concat([uint32(step), uint16(kind, operations.length), operations]);
const sources = (...pages: number[]) => Buffer.concat([Buffer.from([pages.length]), ...pages.map(uint32)]);
type Fields = [source: number, where: number, from: number, length: number];
const fields = (list: Fields[]) =>
  Buffer.concat([
    uint16(list.length),
    ...list.map(([source, ...rest]) => Buffer.concat([Buffer.from([source]), uint16(...rest)])),
  ]);
const rebuild = (pages: number[], copies: Fields[], runs: Fields[], ...puts: Buffer[]) =>
  Buffer.concat([sources(...pages), fields(copies), fields(runs), ...puts]);
const hostile = (operations: Buffer) => Buffer.concat([head(), rebuilt(1, operations), end]);

const GOOD = Buffer.concat([
  head(),
  record(2, put(10, Buffer.from('ab'))),
  record(1, uint16(0, 0x8000 | 100, 400)),
  rebuilt(
    1,
    rebuild(
      [2, 1],
      [
        [1, 100, 50, 7],
        [0, 200, 0, 5],
        [2, 300, 7, 9],
      ],
      [[1, 20, 0, 3]],
      put(0, Buffer.from('xyz')),
    ),
  ),
  end,
]);

const HOSTILE: [what: string, stream: Buffer][] = [
  ['an empty stream', Buffer.alloc(0)],
  ['another beginning', Buffer.concat([Buffer.from('HFPATCH1'), GOOD.subarray(8)])],
  ['a head that breaks off', GOOD.subarray(0, 12)],
  ['a list of pages that breaks off', Buffer.concat([GOOD.subarray(0, 16), uint32(3), uint32(1)])],
  ['a list longer than any', Buffer.concat([GOOD.subarray(0, 16), uint32(0xffff_ffff), GOOD.subarray(20)])],
  ['a stream that breaks off in a record', GOOD.subarray(0, 29)],
  ['a stream without an end', GOOD.subarray(0, -6)],
  ['an end with a length', Buffer.concat([GOOD.subarray(0, -6), uint32(0), uint16(7)])],
  ['something behind the end', Buffer.concat([GOOD, Buffer.from('x')])],
  ['a page beyond the database', Buffer.concat([head(), record(5, put(0, Buffer.from('x'))), end])],
  ['a page that is far beyond', Buffer.concat([head(), record(0xffff_fff0, put(0, Buffer.from('x'))), end])],
  ['bytes beyond their page', Buffer.concat([head(), record(1, put(511, Buffer.from('xy'))), end])],
  ['a copy beyond its page', Buffer.concat([head(), record(1, uint16(500, 0x8000 | 100, 0)), end])],
  ['a copy from beyond its page', Buffer.concat([head(), record(1, uint16(0, 0x8000 | 100, 500)), end])],
  ['an operation that breaks off', Buffer.concat([head(), record(1, uint16(3, 9)), end])],
  ['an operation of nothing', Buffer.concat([head(), record(1, uint16(3, 0)), end])],
  ['a source beyond the base', hostile(rebuild([5], [], []))],
  ['a source that is no page', hostile(rebuild([0], [], []))],
  ['too many sources', hostile(rebuild([1, 1, 1, 1], [], []))],
  ['a list of sources that breaks off', hostile(Buffer.from([2, 1, 0, 0, 0]))],
  ['a rebuilt page of nothing', hostile(Buffer.alloc(0))],
  ['a copy from a source that is not there', hostile(rebuild([1], [[2, 0, 0, 5]], []))],
  ['a copy of a source beyond the page', hostile(rebuild([1], [[1, 510, 0, 5]], []))],
  ['a copy from beyond a source', hostile(rebuild([1], [[1, 0, 510, 5]], []))],
  ['a list of copies that breaks off', hostile(Buffer.concat([sources(1), uint16(3), Buffer.from([1, 0])]))],
  ['pointers of a source that is not there', hostile(rebuild([1], [], [[2, 0, 0, 5]]))],
  ['pointers beyond the page', hostile(rebuild([1], [], [[1, 504, 0, 5]]))],
  ['pointers from beyond a source', hostile(rebuild([1], [], [[1, 0, 504, 5]]))],
  [
    'more copies than a page has room for',
    hostile(
      rebuild(
        [1],
        Array.from({ length: 80 }, (): Fields => [1, 0, 0, 5]),
        [],
      ),
    ),
  ],
  [
    'more pointers than a page has room for',
    hostile(
      rebuild(
        [1],
        [],
        [
          [1, 0, 0, 200],
          [1, 0, 0, 200],
        ],
      ),
    ),
  ],
  ['no pointers', hostile(rebuild([1], [], [[1, 0, 0, 0]]))],
  ['bytes beyond a rebuilt page', hostile(rebuild([1], [], [], put(511, Buffer.from('xy'))))],
  ['bytes of a rebuilt page that break off', hostile(rebuild([1], [], [], uint16(3, 9)))],
  ['a length that breaks off', Buffer.concat([head(), uint32(1), uint16(0xfffe), Buffer.from([7])])],
  ['a whole page that breaks off', Buffer.concat([head(), uint32(1), uint16(0xffff), Buffer.alloc(100)])],
];

/** A chain of a base and one delta; `chain.json` says what was made of it. */
async function chainOf(directory: string, stream: Buffer): Promise<string> {
  const chain = join(directory, 'tracker');
  await mkdir(chain);
  await writeFile(join(chain, 'base.db'), Buffer.alloc(PAGE * PAGES, 'base '));
  const [plain, name] = [join(directory, 'stream'), '0001.patch.zst'];
  await writeFile(plain, stream);
  await programs.run({ program: 'zstd', args: ['-q', plain, '-o', join(chain, name)] });
  const file = { name, bytes: 0, sha256: '' };
  const base = { ...file, name: 'base.db' };
  const database = { bytes: PAGE * PAGES, pages: PAGES, pages_sha256: '' };
  const kind = { version: 4, id: '0123456789abcdef', source: 'sqlite/tracker', page_size: PAGE };
  const description = { ...kind, base, deltas: [file], database };
  await writeFile(join(chain, 'chain.json'), JSON.stringify(description));
  return chain;
}

async function runScript(program: 'perl' | 'python3', directory: string, stream: Buffer) {
  const path = join(directory, 'by-script.db');
  const base = join(directory, 'tracker/base.db');
  await copyFile(base, path);
  const [flag, script] = program === 'perl' ? ['-e', PERL_PATCHER] : ['-c', PYTHON_PATCHER];
  const { exitCode, stderr } = await programs.run({ program, args: [flag, script, path, base], input: stream });
  return { exitCode, stderr, made: await readFile(path) };
}

test.each(HOSTILE)('%s is refused by Holdfast, by perl and by python3', async (_what, stream) => {
  await withDirectory(async (directory) => {
    const target = join(directory, 'made.db');
    const chain = await chainOf(directory, stream);
    const replay = replayChain({ programs, directory: chain, target, bytes: PAGE * PAGES }, createTestContext());
    await expect(replay).rejects.toThrow(/0001\.patch\.zst is not what Holdfast wrote/);
    for (const program of ['perl', 'python3'] as const) {
      const { exitCode, stderr, made } = await runScript(program, directory, stream);
      expect({ exitCode: exitCode > 0, stderr }).toEqual({
        exitCode: true,
        stderr: expect.stringContaining('patches are damaged'),
      });
      expect(made.length).toBeLessThanOrEqual(PAGE * PAGES);
    }
    expect((await readdir(directory)).sort()).toEqual(['by-script.db', 'made.db', 'stream', 'tracker']);
  });
});

test('a patch that is longer than its page is refused before it is held in memory', async () => {
  const operations = Buffer.concat(Array.from({ length: PAGE / 4 }, () => put(0, Buffer.from('x'))));
  for (const stream of [Buffer.concat([head(), record(1, operations), end]), hostile(rebuild([], [], [], operations))]) {
    await withDirectory(async (directory) => {
      const job = {
        programs,
        directory: await chainOf(directory, stream),
        target: join(directory, 'made.db'),
        bytes: PAGE * PAGES,
      };
      await expect(replayChain(job, createTestContext())).rejects.toThrow('it has more for a page than a page');
    });
  }
});

test('what is whole gives the same by all three', async () => {
  await withDirectory(async (directory) => {
    const expected = Buffer.alloc(PAGE * PAGES, 'base ');
    expected.copyWithin(2 * PAGE, 2 * PAGE + 400, 2 * PAGE + 500);
    expected.write('ab', PAGE + 10);
    const base = Buffer.alloc(PAGE * PAGES, 'base ');
    const last = expected.subarray(3 * PAGE);
    last.set(base.subarray(PAGE + 50, PAGE + 57), 100);
    last.copyWithin(200, 0, 5);
    last.set(base.subarray(7, 16), 300);
    // What the pointers of the second page point to lies beyond all that was copied.
    last.set(base.subarray(PAGE, PAGE + 6), 20);
    last.write('xyz');
    const target = join(directory, 'made.db');
    await replayChain({ programs, directory: await chainOf(directory, GOOD), target, bytes: PAGE * PAGES }, createTestContext());
    expect((await readFile(target)).equals(expected)).toBe(true);
    for (const program of ['perl', 'python3'] as const) {
      const { exitCode, made } = await runScript(program, directory, GOOD);
      expect({ exitCode, isSame: made.equals(expected) }).toEqual({ exitCode: 0, isSame: true });
    }
  });
});
