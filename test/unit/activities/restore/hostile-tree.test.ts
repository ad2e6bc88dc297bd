import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readManifest, requireOwn } from '../../../../activities/restore/read-manifest.ts';
import { restoredFile } from '../../../../activities/restore/restored-file.ts';
import { verifyTree } from '../../../../activities/restore/verify-tree.ts';
import type { Manifest, MysqlFacts, SqliteFacts } from '../../../../activities/stage/manifest.ts';
import { createTestContext, programs, withDirectory } from '../../../support/phase-context.ts';

const ENTRY = { path: 'files/config/app.toml', type: 'file', mode: '0600', mtime: '1.000000000', bytes: 1, sha256: 'x' } as const;
const FILES = { kind: 'files', base: '/data', files: 1, bytes: 1 } as const;
const MYSQL: MysqlFacts = {
  kind: 'mysql',
  path: 'mysql/shop.sql',
  bytes: 1,
  sha256: 'x',
  method: 'm',
  server_family: 'mariadb',
  server_version: '10.11',
  database: 'shop',
  tables: {},
  views: [],
  triggers: [],
  routines: [],
  events: [],
};

const SQLITE: SqliteFacts = {
  kind: 'sqlite',
  path: 'sqlite/tracker',
  bytes: 4096,
  chain: { pages: 1, deltas: 0, pages_sha256: 'x' },
  method: 'm',
  sqlite_version: '3.40.1',
  journal_mode: 'wal',
  page_size: 4096,
  user_version: 0,
  application_id: 0,
  tables: {},
};

const MANIFEST: Manifest = {
  version: 1,
  holdfast_version: '0.1.0',
  plan: 'tracker',
  host: 'a',
  workflow_id: 'w',
  run_id: 'r',
  started_at: '2026-11-23T03:00:00.000Z',
  sources: { 'files/config': FILES, 'mysql/shop': MYSQL, 'sqlite/tracker': SQLITE },
  entries: [ENTRY],
};

const base64 = (path: string) => Buffer.from(path).toString('base64');

test('a manifest as Holdfast writes it is read', () =>
  withDirectory(async (directory) => {
    await writeFile(join(directory, 'manifest.json'), JSON.stringify(MANIFEST));
    expect(await readManifest(directory)).toEqual(MANIFEST);
  }));

test.each<[string, object]>([
  ['a file above the stage', { entries: [{ ...ENTRY, path: 'files/config/../../../etc/cron.d/x' }] }],
  ['an absolute file', { entries: [{ ...ENTRY, path: '/etc/passwd' }] }],
  ['a journal of swaps', { entries: [{ ...ENTRY, path: '.swap-files-config.json' }] }],
  ['a name with a NUL character', { entries: [{ ...ENTRY, path: 'files/config/a\0b' }] }],
  ['exact bytes that lead upwards', { entries: [{ ...ENTRY, path_base64: base64('files/../x') }] }],
  ['exact bytes that are absolute', { entries: [{ ...ENTRY, path_base64: base64('/etc/x') }] }],
  ['a dump above the stage', { sources: { 'mysql/shop': { ...MYSQL, path: '../../etc/passwd' } } }],
  ['a dump among the files', { sources: { 'mysql/shop': { ...MYSQL, path: 'files/config/shop.sql' } } }],
  ['a dump that is a directory of all', { sources: { 'mysql/shop': { ...MYSQL, path: 'mysql' } } }],
  ['a source of another kind', { sources: { 'files/config': MYSQL } }],
  ['a source with a path for a name', { sources: { 'files/../../etc': FILES } }],
  ['pages of no bytes', { sources: { 'sqlite/tracker': { ...SQLITE, page_size: 0 } } }],
  ['pages that no memory holds', { sources: { 'sqlite/tracker': { ...SQLITE, page_size: 2 ** 40 } } }],
  ['a source that is an option', { sources: { '--help': FILES } }],
])('a manifest that names %s is none', (_, changes) =>
  withDirectory(async (directory) => {
    await writeFile(join(directory, 'manifest.json'), JSON.stringify({ ...MANIFEST, ...changes }));
    await expect(readManifest(directory)).rejects.toMatchObject({ type: 'DumpRejected' });
  }),
);

test('a manifest that is a link out of the tree, a directory or a FIFO is none, and is not waited for', () =>
  withDirectory(async (directory) => {
    const path = join(directory, 'manifest.json');
    await writeFile(join(directory, 'elsewhere.json'), JSON.stringify(MANIFEST));
    await symlink('elsewhere.json', path);
    await expect(readManifest(directory)).rejects.toMatchObject({ type: 'DumpRejected' });
    await rm(path);
    await programs.run({ program: 'mkfifo', args: [path] });
    await expect(readManifest(directory)).rejects.toMatchObject({ type: 'DumpRejected' });
    await rm(path);
    await mkdir(path);
    await expect(readManifest(directory)).rejects.toMatchObject({ type: 'DumpRejected' });
  }));

test('what lies behind a symbolic link is told of, however well it fits', () =>
  withDirectory(async (directory) => {
    const outside = join(directory, 'outside');
    const tree = join(directory, 'tree');
    await mkdir(join(outside, 'deep'), { recursive: true });
    await mkdir(join(tree, 'files'), { recursive: true });
    await symlink(outside, join(tree, 'files/config'));
    const entries = [
      { ...ENTRY, path: 'files/config/deep', type: 'directory' as const },
      { ...ENTRY, path: 'files/config/deep/app.toml' },
    ];
    const { problems } = await verifyTree({ directory: tree, manifest: { ...MANIFEST, entries } }, createTestContext());
    expect(problems).toEqual(entries.map(({ path }) => ({ path, problem: 'lies behind a symbolic link' })));
  }));

test('a dump is a plain file of the tree, or none', () =>
  withDirectory(async (directory) => {
    const tree = join(directory, 'tree');
    await mkdir(join(tree, 'mysql'), { recursive: true });
    await writeFile(join(directory, 'secret'), 'secret');
    await writeFile(join(tree, 'mysql/shop.sql'), 'dump');
    await symlink(join(directory, 'secret'), join(tree, 'mysql/link.sql'));
    await symlink('mysql', join(tree, 'sqlite'));
    expect(await restoredFile(tree, 'mysql/shop.sql')).toBe(join(tree, 'mysql/shop.sql'));
    for (const path of ['mysql/link.sql', 'sqlite/shop.sql', 'mysql/absent.sql', 'mysql']) {
      await expect(restoredFile(tree, path)).rejects.toMatchObject({ type: 'DumpRejected' });
    }
  }));

test("another plan's or host's manifest is refused, whatever tag its snapshot has", () => {
  expect(() => requireOwn(MANIFEST, 'a', 'tracker')).not.toThrow();
  for (const [host, plan] of [
    ['a', 'other'],
    ['b', 'tracker'],
  ] as const) {
    expect(() => requireOwn({ ...MANIFEST, workflow_id: '' }, host, plan)).toThrow(
      expect.objectContaining({ type: 'ConfigInvalid' }),
    );
  }
});
