import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { StagedSource } from '../../../../activities/run/workspace.ts';
import { manifestSchema } from '../../../../activities/stage/manifest.ts';
import { type SealStageOptions, sealStage } from '../../../../activities/stage/seal-stage.ts';
import { type StagePlace, shell, withStagePlace } from '../../../support/stage-place.ts';
import { stagePlan } from '../../../support/stage-plan.ts';

const RUN = { plan: 'tracker', workflowId: 'backup/tracker-1/tracker', runId: '019c-abc', startedAt: '2026-01-02T03:04:05.678Z' };

/** Stages one file, one link and one dump, and returns what sealing takes. */
async function prepare({ base, stage, run }: StagePlace): Promise<SealStageOptions & { sources: Map<string, StagedSource> }> {
  await shell(base, "printf 12345 > b; printf 1 > 'a b'; ln -s b link; mkdir empty");
  const dump = 'database';
  await mkdir(join(stage, 'sqlite'));
  await writeFile(join(stage, 'sqlite/main.db'), dump, { mode: 0o600 });
  const sqlite: StagedSource = {
    facts: {
      kind: 'sqlite',
      path: 'sqlite/main.db',
      bytes: dump.length,
      sha256: createHash('sha256').update(dump).digest('hex'),
      method: 'pin and copy',
      sqlite_version: '3.40.1',
      journal_mode: 'wal',
      page_size: 4096,
      user_version: 0,
      application_id: 0,
      tables: { torrents: 3 },
    },
    entries: [],
  };
  return {
    plan: stagePlan({ base, stageDirectory: stage }),
    host: 'tracker-1',
    holdfastVersion: '0.1.0',
    run: RUN,
    sources: new Map([
      ['sqlite/main', sqlite],
      ['files/config', await run()],
    ]),
    lastSizes: undefined,
    restoreInstructions: new Map([['sqlite/main', 'Copy `sqlite/main.db` back.']]),
  };
}

test('a sealed stage has a manifest of all there is, in one order, and RESTORE.md, for the worker alone', () =>
  withStagePlace(async (place) => {
    const options = await prepare(place);
    const sealed = await sealStage(options, place.context);
    const text = await readFile(join(place.stage, 'manifest.json'), 'utf8');
    const manifest = manifestSchema.parse(JSON.parse(text));
    expect(manifest).toMatchObject({
      version: 1,
      holdfast_version: '0.1.0',
      plan: 'tracker',
      host: 'tracker-1',
      run_id: '019c-abc',
      started_at: RUN.startedAt,
    });
    expect(Object.keys(manifest.sources)).toEqual(['files/config', 'sqlite/main']);
    expect(manifest.entries.map(({ path }) => path)).toEqual([
      'files/config',
      'files/config/a b',
      'files/config/b',
      'files/config/empty',
      'files/config/link',
      'sqlite/main.db',
    ]);
    expect(manifest.entries.at(-1)).toMatchObject({ type: 'file', mode: '0600', bytes: 8 });
    const restore = await stat(join(place.stage, 'RESTORE.md'));
    expect(restore.mode & 0o777).toBe(0o600);
    expect((await stat(join(place.stage, 'manifest.json'))).mode & 0o777).toBe(0o600);
    expect(sealed).toEqual({ files: 5, bytes: 6 + 8 + text.length + restore.size, shrunken: [] });
    // A retry after a crash between the two documents.
    await unlink(join(place.stage, 'RESTORE.md'));
    await writeFile(join(place.stage, 'RESTORE.md.partial'), 'half');
    expect(await sealStage(options, place.context)).toEqual(sealed);
    expect(await readFile(join(place.stage, 'manifest.json'), 'utf8')).toBe(text);
    expect(await shell(place.stage, 'ls')).toBe('RESTORE.md\nfiles\nmanifest.json\nsqlite\n');
  }));

test.each<[string, (place: StagePlace) => Promise<unknown>, RegExp]>([
  ['a file that is gone', ({ stage }) => unlink(join(stage, 'files/config/a b')), /"files\/config\/a b" is missing/],
  ['a file that was cut', ({ stage }) => writeFile(join(stage, 'files/config/b'), '1'), /files\/config\/b has 1 bytes, not 5/],
  ['a dump that is gone', ({ stage }) => unlink(join(stage, 'sqlite/main.db')), /sqlite\/main\.db is missing/],
  [
    'a foreign file',
    ({ stage }) => writeFile(join(stage, 'files/config/empty/x'), ''),
    /files\/config\/empty\/x belongs to no source/,
  ],
  [
    'a foreign file at the top',
    ({ stage }) => writeFile(join(stage, 'mysql.sql.partial'), ''),
    /mysql\.sql\.partial belongs to no source/,
  ],
  [
    'another type',
    async ({ stage }) => {
      await unlink(join(stage, 'files/config/b'));
      await symlink('/etc/passwd', join(stage, 'files/config/b'));
    },
    /files\/config\/b is a symlink, not a file/,
  ],
  ['another link', ({ stage }) => shell(stage, 'ln -sfn a files/config/link'), /files\/config\/link points to a/],
])('%s in the stage is refused', (_, damage, message) =>
  withStagePlace(async (place) => {
    const options = await prepare(place);
    await damage(place);
    await expect(sealStage(options, place.context)).rejects.toMatchObject({
      type: 'DumpRejected',
      message: expect.stringMatching(message),
    });
    await expect(stat(join(place.stage, 'manifest.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  }),
);

test('a source that is missing, or empty, is refused by its name', () =>
  withStagePlace(async (place) => {
    const options = await prepare(place);
    const sqlite = options.sources.get('sqlite/main') as StagedSource;
    const refusal = (sources: Map<string, StagedSource>, message: RegExp) =>
      expect(sealStage({ ...options, sources }, place.context)).rejects.toMatchObject({
        type: 'DumpRejected',
        message: expect.stringMatching(message),
      });
    await refusal(new Map([['sqlite/main', sqlite]]), /source files\/config is missing/);
    const emptyDump = { ...sqlite, facts: { ...sqlite.facts, bytes: 0 } };
    await refusal(new Map([...options.sources, ['sqlite/main', emptyDump]]), /source sqlite\/main is empty/);
    await shell(place.base, 'rm b "a b" link');
    await refusal(new Map([...options.sources, ['files/config', await place.run()]]), /source files\/config is empty/);
  }));

test.each<[Record<string, number>, string[]]>([
  [{ 'files/config': 12, 'sqlite/main': 16 }, []],
  [{ 'files/config': 13, 'sqlite/main': 8 }, ['files/config']],
  [{ 'files/config': 1, 'sqlite/main': 17, 'mysql/other': 9 }, ['sqlite/main']],
  [{ 'files/config': 0 }, []],
])('with sizes %j of the last good run, %j have shrunk by more than half', (lastSizes, shrunken) =>
  withStagePlace(async (place) => {
    const options = await prepare(place);
    expect((await sealStage({ ...options, lastSizes }, place.context)).shrunken).toEqual(shrunken);
  }),
);
