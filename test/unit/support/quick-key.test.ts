import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { programs, withDirectory } from '../../support/phase-context.ts';
import { replaceKey } from '../../support/quick-key.ts';

test('restic opens a repository with its new key, by the password alone, and what it stores comes back', () =>
  withDirectory(async (directory) => {
    const repository = join(directory, 'repository');
    const restic = async (password: string, ...args: string[]) =>
      programs.run({
        program: 'restic',
        args: ['--repo', repository, '--no-cache', ...args],
        env: { RESTIC_PASSWORD: password },
        cwd: directory,
      });
    await restic('secret', 'init');
    const { stdout } = await restic('secret', 'cat', 'masterkey');
    await replaceKey(repository, 'secret', stdout);
    await writeFile(join(directory, 'file'), 'content');
    expect(await restic('secret', 'backup', 'file')).toMatchObject({ exitCode: 0 });
    expect(await restic('secret', 'check', '--read-data')).toMatchObject({ exitCode: 0 });
    expect(await restic('secret', 'restore', 'latest', '--target', join(directory, 'restored'))).toMatchObject({ exitCode: 0 });
    expect(await readFile(join(directory, 'restored/file'), 'utf8')).toBe('content');
    expect(await restic('another', 'cat', 'config')).toMatchObject({ exitCode: 12 });
  }));
