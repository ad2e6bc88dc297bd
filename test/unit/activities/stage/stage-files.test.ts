import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { toBuffer } from '../../../../activities/stage/byte-path.ts';
import { manifestSchema } from '../../../../activities/stage/manifest.ts';
import { entryPath } from '../../../../activities/stage/manifest-entry.ts';
import { stageFiles } from '../../../../activities/stage/stage-files.ts';
import { programs } from '../../../support/phase-context.ts';
import { describeTree, filesSource, shell, withStagePlace } from '../../../support/stage-place.ts';

test('a tree comes out the same: odd names, links, modes, owners and times to the nanosecond', () =>
  withStagePlace(async ({ base, stage, context, run }) => {
    await shell(
      base,
      `mkdir -p 'a b/empty' -- '-dash' sealed
       printf 1 > 'a b/new
line'; printf 2 > "a b/quo'te\\"s\\\\back"; printf 3 > -dash/-rf; printf 4 > "$(printf 'latin1-\\344\\377')"; printf 5 > sealed/.hidden
       printf 6 > '*?[x]'; : > nothing; printf 7 > ünïcode
       ln -s ../outside/of/it dangling; ln -s /etc absolute; ln -s "$(printf 'to-\\377')" "$(printf 'link-\\376')"; ln -s 'a b' directory-link
       chmod 0000 nothing; chmod 4751 ünïcode; chmod 0640 -- -dash/-rf; chown 1234:4321 sealed/.hidden; chown -h 77:88 dangling
       touch -d '2001-02-03 04:05:06.123456789' ünïcode; touch -h -d '1969-12-31 23:59:58.5' dangling; touch -d '2030-01-01 00:00:00.000000001' 'a b/empty'
       touch -d '2011-11-11 11:11:11.111111111' sealed; chmod 0511 sealed; chmod 2750 'a b'; chown 5:6 .`,
    );
    const { facts, entries } = await run();
    expect(await describeTree(join(stage, 'files/config'))).toBe(await describeTree(base));
    expect(context.warnings).toEqual([]);
    expect(facts).toEqual({ kind: 'files', base, files: 8, bytes: 7 });
    const listed = await shell(stage, "find files/config -printf '%p\\0' | sort -z | base64 -w0");
    const named = entries
      .map(entryPath)
      .sort()
      .map((path) => `${path}\0`);
    expect(Buffer.concat(named.map((path) => toBuffer(path as never))).toString('base64')).toBe(listed);
  }));

test('entries tell exact names, times and digests', () =>
  withStagePlace(async ({ base, run }) => {
    await shell(
      base,
      `printf 'x' > "$(printf '\\377')"; chmod 600 *; touch -d '1969-12-31 23:59:58.250000001 UTC' *; ln -s "$(printf '\\376')" link; mkdir empty; chmod 1777 empty`,
    );
    const { entries } = await run();
    expect(manifestSchema.shape.entries.parse(entries)).toEqual(entries);
    expect(entries).toEqual(
      expect.arrayContaining([
        {
          path: 'files/config/\ufffd',
          path_base64: Buffer.from('files/config/\xff', 'latin1').toString('base64'),
          type: 'file',
          mode: '0600',
          mtime: '-1.749999999',
          bytes: 1,
          sha256: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',
        },
        expect.objectContaining({ path: 'files/config/link', type: 'symlink', target_base64: '/g==' }),
        expect.objectContaining({ path: 'files/config/empty', type: 'directory', mode: '1777' }),
        expect.objectContaining({ path: 'files/config', type: 'directory' }),
      ]),
    );
  }));

test('a second attempt starts afresh', () =>
  withStagePlace(async ({ base, stage, run }) => {
    await shell(base, 'mkdir d; : > d/old; : > keep; chmod 0500 d');
    await run();
    await shell(base, 'rm -r d; ln -s keep d');
    expect((await run()).facts.files).toBe(1);
    expect(await describeTree(join(stage, 'files/config'))).toBe(await describeTree(base));
  }));

test('a log that keeps changing is kept, with a warning', () =>
  withStagePlace(async ({ base, stage, context, run }) => {
    const log = join(base, 'live.log');
    await writeFile(log, 'first\n');
    await writeFile(join(base, 'quiet'), '');
    const end = new AbortController();
    const script = 'while :; do echo line >> "$1"; sleep 0.002; done';
    const writer = await programs.start({ program: 'sh', args: ['-c', script, 'sh', log], signal: end.signal });
    try {
      const { facts, entries } = await run();
      expect(facts.files).toBe(2);
      expect(context.warnings).toEqual([expect.stringContaining('live.log kept changing')]);
      const staged = await readFile(join(stage, 'files/config/live.log'), 'utf8');
      expect(staged).toMatch(/^first\n(line\n)*$/);
      expect(entries.find(({ path }) => path.endsWith('live.log'))?.bytes).toBe(staged.length);
    } finally {
      end.abort();
      await writer.stop().catch(() => undefined);
    }
  }));

test('a file replaced once is copied again, whole and without a warning', () =>
  withStagePlace(async ({ base, stage, context, run }) => {
    await writeFile(join(base, 'app.yml'), 'old');
    let isDone = false;
    // The second attempt finds it quiet.
    context.report = ({ phase, currentItem }) => {
      if (isDone || phase !== 'copy' || currentItem !== 'app.yml') return;
      isDone = true;
      void writeFile(join(base, 'app.yml'), 'new content');
    };
    await run();
    expect(await readFile(join(stage, 'files/config/app.yml'), 'utf8')).toBe('new content');
    expect(context.warnings).toEqual([]);
  }));

test('what vanishes or turns into a link on the way is left out, with a warning', () =>
  withStagePlace(async ({ base, stage, context }) => {
    await shell(base, 'mkdir d; : > a; echo inside > d/secret; : > z; : > b');
    await mkdir(join(base, '../outside'));
    await writeFile(join(base, '../outside/secret'), 'out of bounds');
    const { programs: staged, done } = interfering(() =>
      shell(base, 'rm b; ln -sf ../outside/secret z; mv d e; ln -s ../outside d'),
    );
    const { entries } = await stageFiles({ source: filesSource(base), stageDirectory: stage, programs: staged }, context);
    await done();
    const files = entries.filter(({ type }) => type !== 'directory').map(({ path }) => path);
    expect(files).toEqual(['files/config/a']);
    expect(await shell(stage, 'grep -r bounds . || echo none')).toBe('none\n');
    expect(await shell(stage, 'cd files/config; find . -not -type d')).toBe('./a\n');
    expect(context.warnings).toContainEqual(expect.stringContaining('directory d was replaced'));
    for (const name of ['b', 'd/secret', 'z']) {
      expect(context.warnings).toContainEqual(expect.stringContaining(`${name} vanished or was replaced`));
    }
  }));

/** Programs that change the source after its data were copied, ahead of the first call for attributes. */
function interfering(change: () => Promise<unknown>) {
  let changed: Promise<unknown> | undefined;
  return {
    done: async () => {
      expect(changed).toBeDefined();
      await changed;
    },
    programs: {
      ...programs,
      run: async (request: Parameters<typeof programs.run>[0]) => {
        changed ??= change();
        await changed;
        return programs.run(request);
      },
    },
  };
}

test('a cancel leaves nothing and throws the reason', () =>
  withStagePlace(async ({ base, stage, context, run }) => {
    await shell(base, 'for i in $(seq 300); do echo $i > $i; done');
    const reason = new Error('cancelled by the operator');
    context.report = ({ phase }) => phase === 'copy' && context.controller.abort(reason);
    await expect(run()).rejects.toBe(reason);
    expect(await readdir(join(stage, 'files'))).toEqual([]);
  }));

test('a full disk is told as such, and leaves nothing', () =>
  withStagePlace(async ({ base, stage, run }) => {
    await shell(base, 'head -c 3000000 /dev/zero > large; : > small');
    await shell(stage, 'mount -t tmpfs -o size=1m tmpfs .');
    try {
      await expect(run()).rejects.toMatchObject({ type: 'DiskFull', message: expect.stringContaining(stage) });
      expect(await shell(stage, 'find . -type f')).toBe('');
    } finally {
      await shell('/', `umount ${stage}`);
    }
  }));

test('two thousand files in nested directories come out the same', () =>
  withStagePlace(async ({ base, stage, context, run }) => {
    await shell(base, 'for d in $(seq 40); do mkdir -p $d/x; for f in $(seq 50); do echo $f > $d/x/$f; done; done');
    await utimes(join(base, '7'), 1, 2);
    const { facts } = await run();
    expect(facts.files).toBe(2000);
    expect(await describeTree(join(stage, 'files/config'))).toBe(await describeTree(base));
    expect(context.progress.at(-2)).toMatchObject({ phase: 'attributes' });
  }));
