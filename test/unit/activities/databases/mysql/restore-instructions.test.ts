import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { restoreInstructions } from '../../../../../activities/databases/mysql/restore-instructions.ts';
import type { MysqlSource } from '../../../../../config/types.ts';

const source: MysqlSource = {
  kind: 'mysql',
  name: 'tracker',
  address: { kind: 'tcp', host: 'db', port: 3306 },
  user: 'backup',
  password: undefined,
  database: "it's `odd`",
  tls: 'preferred',
  tlsCa: undefined,
  structureOnly: ['log'],
  maxShrinkRatio: 0.5,
};

test('the commands take any name of a database', () => {
  const text = restoreInstructions(source, 'mysql/tracker.sql');
  const commands = [...text.matchAll(/```sh\n(.*?)\n```\n/gs)].map(([, block]) => block).join('\n');
  // A shell with a stand-in that prints its arguments, one a line.
  const said = execFileSync(
    'sh',
    ['-c', `mysql() { printf '%s\\n' "$@"; }\n${commands.replaceAll(/< \S+/g, '').replaceAll(/^sed.*$/gm, '')}`],
    {
      encoding: 'utf8',
    },
  );
  expect(said).toContain("CREATE DATABASE IF NOT EXISTS `it's ``odd``` CHARACTER SET utf8mb4");
  expect(said).toContain("--database=it's `odd`\n");
  expect(text).toContain('`log`');
});

test('the way around the sandbox line removes that line only', () => {
  const [, script = ''] = /sed '([^']*)'/.exec(restoreInstructions(source, 'mysql/tracker.sql')) ?? [];
  const sed = (input: string) => execFileSync('sed', [script], { input, encoding: 'utf8' });
  expect(sed('/*M!999999\\- enable the sandbox mode */ \n-- 999999\n')).toBe('-- 999999\n');
  expect(sed('-- MySQL dump\n-- 999999\n')).toBe('-- MySQL dump\n-- 999999\n');
});
