import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { load } from './modules.ts';

const { findMirror } = await load('sources');
const bookworm = { family: 'debian', codename: 'bookworm' };

let apt: string;

beforeEach(() => {
  apt = mkdtempSync(join(tmpdir(), 'holdfast-apt-'));
  mkdirSync(join(apt, 'sources.list.d'));
});

afterEach(() => rmSync(apt, { recursive: true, force: true }));

test('The mirror of a .sources file is taken, not the security updates nor another vendor', () => {
  writeFileSync(
    join(apt, 'sources.list.d', 'a-vendor.sources'),
    'Types: deb\nURIs: https://deb.example.com/node\nSuites: nodistro\nComponents: main\n',
  );
  writeFileSync(
    join(apt, 'sources.list.d', 'debian.sources'),
    [
      'Types: deb deb-src',
      '# a comment',
      'URIs: http://security.example.org/debian-security',
      'Suites: bookworm-security',
      '',
      'Types: deb',
      'URIs: http://mirror.example.org/debian',
      'Suites: bookworm',
      ' bookworm-updates',
      'Components: main',
      'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
    ].join('\n'),
  );
  const signedBy = '/usr/share/keyrings/debian-archive-keyring.gpg';
  expect(findMirror({ apt, distribution: bookworm })).toMatchObject({ uri: 'http://mirror.example.org/debian', signedBy });
});

test('A sources.list with options is understood', () => {
  writeFileSync(
    join(apt, 'sources.list'),
    'deb-src http://mirror.example.org/src bookworm main\n# deb http://old.example.org/debian bookworm main\n' +
      'deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://mirror.example.org/debian bookworm main\n',
  );
  expect(findMirror({ apt, distribution: bookworm })).toMatchObject({
    uri: 'http://mirror.example.org/debian',
    signedBy: '/usr/share/keyrings/k.gpg',
  });
});

test('A source that is switched off is not used, and no source gives no mirror', () => {
  writeFileSync(
    join(apt, 'sources.list.d', 'debian.sources'),
    'Types: deb\nURIs: http://mirror.example.org/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n',
  );
  expect(findMirror({ apt, distribution: bookworm })).toBeUndefined();
  expect(findMirror({ apt: join(apt, 'missing'), distribution: bookworm })).toBeUndefined();
});

test('A machine that follows a moving suite is known by the address of its mirror', () => {
  writeFileSync(join(apt, 'sources.list'), 'deb http://mirror.example.org/debian testing main\n');
  expect(findMirror({ apt, distribution: { family: 'debian', codename: 'forky' } })).toMatchObject({
    uri: 'http://mirror.example.org/debian',
  });
});
