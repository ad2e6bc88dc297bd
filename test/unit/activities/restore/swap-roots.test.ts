import { expect, test } from '@jest/globals';
import { swapRoots } from '../../../../activities/restore/swap-roots.ts';
import type { Manifest } from '../../../../activities/stage/manifest.ts';
import type { FilesSource } from '../../../../config/types.ts';

const DIRECTORIES = ['', 'etc', 'etc/deep', 'a', 'a/b', 'releases', 'releases/7'];
const FILES = ['etc/app.toml', 'etc/deep/x', 'a/b/one.yml', 'a/b/two.yml', '.env', 'releases/7/app.yml'];

function rootsOf(paths: string[], optionalPaths: string[] = []): string[] {
  const source: FilesSource = {
    kind: 'files',
    name: 'config',
    base: '/srv',
    paths,
    optionalPaths,
    exclude: [],
    maxShrinkRatio: 0.5,
  };
  const entry = (path: string, type: 'file' | 'directory') => ({
    path: `files/config${path === '' ? '' : `/${path}`}`,
    type,
    mode: '0644',
    mtime: '0.000000000',
  });
  const entries = [...DIRECTORIES.map((path) => entry(path, 'directory')), ...FILES.map((path) => entry(path, 'file'))];
  // The other source's name only begins like this one's.
  entries.push({ ...entry('', 'file'), path: 'files/config-two/x' });
  return swapRoots(source, { entries } as unknown as Manifest);
}

test('a selected directory is swapped as one, and what only leads to a selected file stays', () => {
  expect(rootsOf(['etc', 'a/b/one.yml', '.env'])).toEqual(['.env', 'a/b/one.yml', 'a/b/two.yml', 'etc', 'releases/7/app.yml']);
});

test('a pattern is swapped by what it matches', () => {
  expect(rootsOf(['./etc/', 'a/*', '*.env'], ['releases/*'])).toEqual(['.env', 'a/b', 'etc', 'releases/7']);
});

test('base itself is never swapped, but each thing in it is', () => {
  expect(rootsOf(['.'])).toEqual(['.env', 'a', 'etc', 'releases']);
});
