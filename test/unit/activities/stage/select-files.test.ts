import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { FilesSource } from '../../../../config/types.ts';
import { shell, withStagePlace } from '../../../support/stage-place.ts';

const TREE = `mkdir -p tracker/etc/deep grafana/data .hid cache/x
  for f in a.yml b.yml .c.yml x.log tracker/etc/t.toml tracker/etc/deep/t.toml tracker/run.log grafana/data/g.db .hid/h.yml cache/x/c.yml 'br[1].yml'; do : > "$f"; done
  : > "tracker/etc/new
line.yml"`;

test.each<[string, Partial<FilesSource>, string[]]>([
  ['a file, with the directories above it', { paths: ['tracker/etc/t.toml'] }, ['tracker/etc/t.toml']],
  [
    'a directory with all it holds',
    { paths: ['./tracker/etc/'] },
    ['tracker/etc/deep/t.toml', 'tracker/etc/new\nline.yml', 'tracker/etc/t.toml'],
  ],
  ['a glob in one directory, dotfiles too', { paths: ['*.yml'] }, ['.c.yml', 'a.yml', 'b.yml', 'br[1].yml']],
  [
    'a glob at any depth, names with newlines too',
    { paths: ['**/*.yml'] },
    ['.c.yml', '.hid/h.yml', 'a.yml', 'b.yml', 'br[1].yml', 'cache/x/c.yml', 'tracker/etc/new\nline.yml'],
  ],
  ['a glob that matches a directory takes all of it', { paths: ['*/data'] }, ['grafana/data/g.db']],
  ['a name that looks like a glob', { paths: ['br[1].yml'] }, ['br[1].yml']],
  ['an escaped name', { paths: ['br\\[1\\].yml'] }, ['br[1].yml']],
  [
    'braces',
    { paths: ['{a,b}.yml', 'tracker/{etc/t.toml,run.log}'] },
    ['a.yml', 'b.yml', 'tracker/etc/t.toml', 'tracker/run.log'],
  ],
  [
    'base names left out at any depth',
    { paths: ['tracker'], exclude: ['*.log', 'deep'] },
    ['tracker/etc/new\nline.yml', 'tracker/etc/t.toml'],
  ],
  [
    'paths left out',
    { paths: ['tracker'], exclude: ['tracker/etc/*.yml', '/tracker/etc/deep/**', 'etc/t.toml'] },
    ['tracker/etc/t.toml', 'tracker/run.log'],
  ],
  ['a directory pattern leaves files alone', { paths: ['a.yml', 'cache'], exclude: ['a.yml/', 'x/'] }, ['a.yml']],
  ['an optional path that is there', { paths: ['a.yml'], optionalPaths: ['b.yml', 'no/*.such', 'none'] }, ['a.yml', 'b.yml']],
])('%s', (_, overrides, expected) =>
  withStagePlace(async ({ base, stage, run }) => {
    await shell(base, TREE);
    const { entries } = await run(overrides);
    const files = entries.filter(({ type }) => type === 'file').map(({ path }) => path.slice('files/config/'.length));
    expect(files.sort()).toEqual(expected);
    const found = await shell(stage, "find files/config -type f -printf '%P\\0'");
    expect(
      found
        .split('\0')
        .filter((path) => path !== '')
        .sort(),
    ).toEqual(expected);
  }),
);

test('all that is missing is named at once, and nothing stays in the stage', () =>
  withStagePlace(async ({ base, stage, run }) => {
    await writeFile(join(base, 'here.log'), '');
    await expect(run({ paths: ['here.log', 'gone.yml', 'conf.d/*.yml', 'a\nb'], exclude: ['*.log'] })).rejects.toMatchObject({
      type: 'SourceMissing',
      message: expect.stringMatching(
        /^files\/config: .*base matches "here\.log", "gone\.yml", "conf\.d\/\*\.yml", "a\\nb"\. .*optional_paths/,
      ),
    });
    expect(await readdir(stage)).toEqual([]);
  }));

test.each([['no-such-base'], ['file']])('a base that is no directory (%s) is named', (name) =>
  withStagePlace(async ({ base, run }) => {
    await writeFile(join(base, 'file'), '');
    await expect(run({ base: join(base, name) })).rejects.toMatchObject({
      type: 'SourceMissing',
      message: expect.stringContaining(join(base, name)),
    });
  }),
);

test.each([['/etc/passwd'], ['a/../../x']])('a path that is not below base (%s) is refused', (path) =>
  withStagePlace(async ({ run }) => {
    await expect(run({ paths: [path] })).rejects.toMatchObject({ type: 'ConfigInvalid', message: expect.stringContaining(path) });
  }),
);

test('sockets and FIFOs are skipped with a warning', () =>
  withStagePlace(async ({ base, context, run }) => {
    await shell(base, 'mkfifo fifo; : > file; python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'so ck\')"');
    expect((await run()).facts.files).toBe(1);
    expect(context.warnings.sort()).toEqual([
      expect.stringContaining('"so ck" is a socket'),
      expect.stringContaining('fifo is a socket'),
    ]);
  }));

test('a path through a link inside base is kept as its real place and the link', () =>
  withStagePlace(async ({ base, stage, context, run }) => {
    await shell(
      base,
      'mkdir -p releases/7/conf; : > releases/7/conf/app.yml; : > releases/7/other; ln -s latest current; ln -s releases/7 latest',
    );
    await run({ paths: ['current/conf/app.yml', 'latest/c*'] });
    expect((await shell(stage, 'cd files/config; find . -not -type d | sort')).split('\n')).toEqual([
      './current',
      './latest',
      './releases/7/conf/app.yml',
      '',
    ]);
    expect(context.warnings).toEqual([]);
  }));

test.each([['../outside'], ['/etc']])('a path through a link out of base (%s) is refused', (target) =>
  withStagePlace(async ({ base, stage, run }) => {
    await mkdir(join(base, '../outside'));
    await symlink(target, join(base, 'link'));
    for (const path of ['link/passwd', 'link/*.conf']) {
      await expect(run({ paths: [path] })).rejects.toMatchObject({
        type: 'ConfigInvalid',
        message: expect.stringMatching(/link .*outside of base/),
      });
    }
    expect(await readdir(stage)).toEqual([]);
  }),
);

test('a written path that is itself a link out of base is kept as a link, with a warning', () =>
  withStagePlace(async ({ base, stage, context, run }) => {
    await symlink('/etc/passwd', join(base, 'users'));
    await run({ paths: ['users'] });
    expect(await shell(stage, 'readlink files/config/users')).toBe('/etc/passwd\n');
    expect(context.warnings).toEqual([
      expect.stringMatching(/users is a symbolic link .*\/etc\/passwd.*what it points to is not/),
    ]);
  }));
