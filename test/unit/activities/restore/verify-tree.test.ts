import { chmod, lutimes, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readManifest } from '../../../../activities/restore/read-manifest.ts';
import { verifyTree } from '../../../../activities/restore/verify-tree.ts';
import type { Manifest } from '../../../../activities/stage/manifest.ts';
import { stageFiles } from '../../../../activities/stage/stage-files.ts';
import { createTestContext, programs, withDirectory } from '../../../support/phase-context.ts';

/** A stage with two files sources, laid out by the code that lays out every stage, and its manifest. */
async function makeTree(directory: string): Promise<{ tree: string; manifest: Manifest }> {
  const base = join(directory, 'base');
  await mkdir(join(base, 'etc/deep'), { recursive: true });
  await writeFile(join(base, 'etc/app.toml'), 'key = 1', { mode: 0o640 });
  await writeFile(join(base, 'etc/deep/other.toml'), 'key = 2');
  await writeFile(Buffer.concat([Buffer.from(`${base}/etc/`), Buffer.from([0xff, 0x0a])]), 'odd name');
  await symlink('app.toml', join(base, 'etc/link'));
  const tree = join(directory, 'tree');
  await mkdir(tree);
  const sources: Manifest['sources'] = {};
  const entries: Manifest['entries'] = [];
  for (const name of ['config', 'config-two']) {
    const source = { kind: 'files', name, base, paths: ['etc'], optionalPaths: [], exclude: [], maxShrinkRatio: 0.5 } as const;
    const staged = await stageFiles({ source, stageDirectory: tree, programs }, createTestContext());
    sources[`files/${name}`] = staged.facts;
    entries.push(...staged.entries);
  }
  const manifest = {
    version: 1 as const,
    holdfast_version: '0.1.0',
    plan: 'app',
    host: 'a',
    workflow_id: 'w',
    run_id: 'r',
    started_at: '2026-11-23T03:00:00.000Z',
    sources,
    entries,
  };
  return { tree, manifest };
}

test('a tree that is as it was backed up has no problems, odd names, links and exact times included', () =>
  withDirectory(async (directory) => {
    const { tree, manifest } = await makeTree(directory);
    const context = createTestContext();
    const report = await verifyTree({ directory: tree, manifest }, context);
    expect(report).toEqual({ files: 6, bytes: 44, problems: [] });
    expect(context.progress.at(-1)).toMatchObject({ phase: 'verify', percent: 100, bytesDone: 44, bytesTotal: 44 });
  }));

test.each<[string, (etc: string) => Promise<unknown>, string, RegExp]>([
  ['a missing file', (etc) => rm(join(etc, 'app.toml')), 'app.toml', /is missing/],
  ['a shorter file', (etc) => writeFile(join(etc, 'app.toml'), 'key'), 'app.toml', /has 3 bytes, not 7/],
  ['a changed byte', (etc) => writeFile(join(etc, 'app.toml'), 'key = 2'), 'app.toml', /has SHA-256 \w{64}, not \w{64}/],
  ['another mode', (etc) => chmod(join(etc, 'app.toml'), 0o644), 'app.toml', /has mode 0644, not 0640/],
  ['another time', (etc) => utimes(join(etc, 'app.toml'), 1, 1.5), 'app.toml', /was changed at 1\.500000000, not at/],
  ['the time of a link', (etc) => lutimes(join(etc, 'link'), 1, 1), 'link', /was changed at 1\.000000000/],
  [
    'another link target',
    async (etc) => {
      await rm(join(etc, 'link'));
      await symlink('/etc/passwd', join(etc, 'link'));
    },
    'link',
    /points to \/etc\/passwd, not to app\.toml/,
  ],
  [
    'a directory in the place of a file',
    async (etc) => {
      await rename(join(etc, 'app.toml'), join(etc, 'moved'));
      await mkdir(join(etc, 'app.toml'));
    },
    'app.toml',
    /is a directory, not a file/,
  ],
])('%s is a problem that names the file and both values', (_, change, name, problem) =>
  withDirectory(async (directory) => {
    const { tree, manifest } = await makeTree(directory);
    await change(join(tree, 'files/config/etc'));
    const { problems } = await verifyTree({ directory: tree, manifest }, createTestContext());
    expect(problems).toContainEqual({ path: `files/config/etc/${name}`, problem: expect.stringMatching(problem) });
    expect(problems.every(({ path }) => path.startsWith('files/config/'))).toBe(true);
  }),
);

test('of the sources that were not restored nothing is missing, and one name that begins another is no match', () =>
  withDirectory(async (directory) => {
    const { tree, manifest } = await makeTree(directory);
    await rm(join(tree, 'files/config-two'), { recursive: true });
    const report = await verifyTree({ directory: tree, manifest, only: new Set(['files/config']) }, createTestContext());
    expect(report).toEqual({ files: 3, bytes: 22, problems: [] });
    const whole = await verifyTree({ directory: tree, manifest }, createTestContext());
    expect(whole.problems).toContainEqual({ path: 'files/config-two/etc/app.toml', problem: 'is missing' });
  }));

test('cancelling ends the comparison with the reason', () =>
  withDirectory(async (directory) => {
    const { tree, manifest } = await makeTree(directory);
    const context = createTestContext();
    const reason = new Error('cancelled');
    context.controller.abort(reason);
    await expect(verifyTree({ directory: tree, manifest }, context)).rejects.toBe(reason);
  }));

test('a manifest is read back as it was written', () =>
  withDirectory(async (directory) => {
    const { tree, manifest } = await makeTree(directory);
    await writeFile(join(tree, 'manifest.json'), JSON.stringify(manifest));
    expect(await readManifest(tree)).toEqual(manifest);
  }));

test.each<[string, string | undefined, RegExp]>([
  ['is missing', undefined, /manifest\.json is missing/],
  ['is no JSON', '{"version": 1,', /is not the manifest of a backup/],
  ['lacks fields', '{"version": 1}', /holdfast_version/],
  ['comes from a newer Holdfast', '{"version": 2, "news": true}', /version 2, and this Holdfast knows up to 1/],
])('a manifest that %s is refused', (_, text, message) =>
  withDirectory(async (directory) => {
    if (text !== undefined) await writeFile(join(directory, 'manifest.json'), text);
    await expect(readManifest(directory)).rejects.toMatchObject({
      type: 'DumpRejected',
      message: expect.stringMatching(message),
    });
  }),
);
