import { expect, test } from '@jest/globals';
import { digestSources } from '../../../../activities/archive/last-archive.ts';
import type { StagedSource } from '../../../../activities/run/workspace.ts';

const file = { path: 'files/etc/a', type: 'file', mode: '0644', mtime: '1700000000.000000000', bytes: 1, sha256: 'aa' } as const;
const folder = { path: 'files/etc', type: 'directory', mode: '0755', mtime: '1700000000.000000000' } as const;
const files: StagedSource = { facts: { kind: 'files', base: '/etc', files: 1, bytes: 1 }, entries: [] };
const database: StagedSource = {
  facts: {
    kind: 'sqlite',
    path: 'sqlite/main',
    bytes: 4096,
    sha256: 'bb',
    method: 'incremental, 3 of 20 pages',
    sqlite_version: '3.40.1',
    journal_mode: 'wal',
    page_size: 4096,
    user_version: 0,
    application_id: 0,
    tables: { torrents: 3 },
  },
  entries: [{ ...file, path: 'sqlite/main/base.db' }],
};
const digest = (
  changes: { folder?: Partial<typeof folder>; files?: Partial<typeof file>; facts?: object; entry?: Partial<typeof file> } = {},
) =>
  digestSources(
    new Map<string, StagedSource>([
      [
        'files/etc',
        {
          ...files,
          entries: [
            { ...folder, ...changes.folder },
            { ...file, ...changes.files },
          ],
        },
      ],
      [
        'sqlite/main',
        {
          facts: { ...database.facts, ...changes.facts },
          entries: database.entries.map((entry) => ({ ...entry, ...changes.entry })),
        },
      ],
    ]),
  );

test('stages of the same content have the same digest, whatever the way to it and the times of dumps and directories', () => {
  const later = { mtime: '1800000000.000000000' } as unknown as Partial<typeof file>;
  expect(digest({ facts: { method: 'incremental, unchanged' } })).toBe(digest());
  expect(digest({ entry: later })).toBe(digest());
  expect(digest({ folder: later as unknown as Partial<typeof folder> })).toBe(digest());
  expect(digest({ files: later })).not.toBe(digest());
});

test('whatever else differs is told', () => {
  const others = [
    { files: { sha256: 'cc' } },
    { files: { mode: '0600' } },
    { facts: { sha256: 'cc' } },
    { entry: { sha256: 'cc' } },
  ];
  const digests = others.map((changes) => digest(changes as Parameters<typeof digest>[0]));
  expect(new Set([...digests, digest()]).size).toBe(others.length + 1);
});
