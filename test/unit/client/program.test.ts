import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runProgram } from '../../../client/program.ts';
import { renderExample } from '../../../config/index.ts';
import { createFakeIo, type FakeIo } from '../../support/cli-io.ts';

let directory: string;
/** A port that refuses: nobody listens on port 1 of this machine. */
const NOBODY = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml' };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-cli-'));
  const example = renderExample();
  await writeFile(join(directory, 'holdfast.yaml'), example);
  await writeFile(join(directory, 'broken.yaml'), example.replace(/^version: 1$/m, 'version: 7').replace(/^host: .*$/m, ''));
});
afterAll(async () => rm(directory, { recursive: true }));

async function run(...argv: string[]): Promise<{ exitCode: number; io: FakeIo }> {
  const io = createFakeIo({ workingDirectory: directory, environment: NOBODY });
  return { exitCode: await runProgram(argv, io), io };
}

test('the help lists every command, on standard output', async () => {
  const { exitCode, io } = await run('--help');
  expect(exitCode).toBe(0);
  for (const command of ['up', 'worker', 'apply', 'init', 'backup', 'snapshots', 'status', 'history', 'config', 'doctor']) {
    expect(io.out()).toMatch(new RegExp(`^  ${command} `, 'm'));
  }
});

test('no line of any help is wider than 80 columns', async () => {
  const commands = ['up', 'worker', 'apply', 'init', 'backup', 'snapshots', 'status', 'history', 'config', 'doctor'];
  const helps = await Promise.all([[], ...commands.map((command) => [command])].map((start) => run(...start, '--help')));
  const wide = helps.flatMap(({ io }) => io.out().split('\n')).filter((line) => line.length > 80);
  expect(wide).toEqual([]);
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const { exitCode, io } = await run('--version');
  expect({ exitCode, text: io.out() }).toEqual({ exitCode: 0, text: `${version}\n` });
});

test.each([
  ['an unknown command', ['bakup', 'tracker'], 'Did you mean backup?'],
  ['an unknown option', ['apply', '--dryrun'], 'Did you mean --dry-run?'],
  ['a missing argument', ['backup'], "missing required argument 'plan'"],
  ['an argument too many', ['status', 'tracker'], 'too many arguments'],
  ['a port beyond the range', ['up', '--port', '65536'], 'a port is a whole number from 1 to 65535'],
  ['a port that is no number', ['worker', '--metrics-port', '94x'], 'a port is a whole number'],
  ['a limit of none', ['history', 'tracker', '--limit', '0'], 'a number of runs is a whole number'],
  ['no command at all', [], 'Usage: holdfast'],
  ['a group without its command', ['config'], 'Usage: holdfast config'],
])('%s exits with 2 and says what is wrong', async (_case, argv, message) => {
  const { exitCode, io } = await run(...argv);
  expect(exitCode).toBe(2);
  expect(io.err()).toContain(message);
  expect(io.out()).toBe('');
});

test.each([
  [['backup', 'tracker', '--wiat'], 'See: holdfast backup --help'],
  [['config', 'show', '--nope'], 'See: holdfast config show --help'],
  [['bakup'], 'See: holdfast --help'],
])('%j points to the help of its own command', async (argv, hint) => {
  const { io } = await run(...argv);
  expect(io.err().trimEnd().split('\n').at(-1)).toBe(hint);
});

test.each([
  ['a plan', ['backup', 'trakcer'], 'there is no plan "trakcer"'],
  ['the plan of a history', ['history', 'x'], 'there is no plan "x"'],
  ['the plan of snapshots', ['snapshots', 'x'], 'there is no plan "x"'],
  ['a repository', ['init', 'x'], 'there is no repository "x"'],
])('%s that does not exist exits with 2 before Temporal is asked, and names the choices', async (_case, argv, message) => {
  const { exitCode, io } = await run(...argv);
  expect(exitCode).toBe(2);
  expect(io.err()).toContain(message);
  expect(io.err()).toMatch(/choose a (plan|repository): \w+/);
});

test('with --json an error is one document on standard output', async () => {
  const { exitCode, io } = await run('backup', 'trakcer', '--json');
  const document = JSON.parse(io.out()) as unknown;
  expect({ exitCode, document }).toMatchObject({ exitCode: 2, document: { error: { type: 'Usage', exit_code: 2 } } });
});

test('an option that cannot be parsed is an error document too', async () => {
  const { io } = await run('backup', '--json', '--wiat', 'tracker');
  expect(JSON.parse(io.out())).toMatchObject({ error: { type: 'Usage', exit_code: 2 } });
});

test('a valid configuration prints ok', async () => {
  const { exitCode, io } = await run('config', 'validate');
  expect(exitCode).toBe(0);
  expect(io.out().trimEnd().split('\n').at(-1)).toBe('ok');
});

test('a configuration with problems exits with 2 and names all of them', async () => {
  const { exitCode, io } = await run('--config', 'broken.yaml', 'config', 'validate');
  expect(exitCode).toBe(2);
  expect(io.err()).toContain('version');
  expect(io.err()).toContain('host');
});

test('the configuration can be named after the command as well', async () => {
  const { exitCode, io } = await run('config', 'validate', '--config', 'nowhere.yaml', '--json');
  expect(exitCode).toBe(2);
  expect(JSON.parse(io.out())).toMatchObject({ error: { type: 'ConfigInvalid', exit_code: 2 } });
});

test('the example that is printed is valid, and the schema is a JSON document', async () => {
  const example = await run('config', 'example');
  await writeFile(join(directory, 'printed.yaml'), example.io.out());
  expect((await run('config', 'validate', '--config', 'printed.yaml')).exitCode).toBe(0);
  expect(JSON.parse((await run('config', 'schema')).io.out())).toHaveProperty('properties.plans');
});

test('the configuration is shown as one document without the value of a secret', async () => {
  const { io } = await run('config', 'show');
  expect(JSON.parse(io.out())).toHaveProperty('plans');
});

test('commands without a Temporal server exit with 20 at once and say what to do', async () => {
  const startedAt = Date.now();
  const runs = await Promise.all(['status', 'apply', 'init'].map(async (command) => run(command, '--json')));
  for (const { exitCode, io } of runs) {
    expect(exitCode).toBe(20);
    expect(JSON.parse(io.out())).toMatchObject({ error: { type: 'Unreachable', exit_code: 20 } });
    expect(io.err()).toContain('127.0.0.1:1 (TEMPORAL_ADDRESS)');
    expect(io.err()).toContain('holdfast up');
  }
  // gRPC alone tries again for five seconds.
  expect(Date.now() - startedAt).toBeLessThan(4_000);
}, 20_000);

test('doctor reports an unreachable Temporal as a problem beside its other findings', async () => {
  const { exitCode, io } = await run('doctor');
  expect(exitCode).toBe(1);
  expect(io.out()).toMatch(/^ok +node: \d+/m);
  expect(io.out()).toMatch(/^problem +Temporal: no Temporal server answers at 127\.0\.0\.1:1/m);
  expect(io.out()).toMatch(/^ +→ Start one together with a worker: holdfast up\n +→ Or name the one that runs elsewhere: /m);
}, 20_000);

test('doctor reports a broken configuration as a problem', async () => {
  const { exitCode, io } = await run('doctor', '--config', 'broken.yaml', '--json');
  const { healthy, findings } = JSON.parse(io.out()) as { healthy: boolean; findings: { level: string; subject: string }[] };
  expect({ exitCode, healthy }).toEqual({ exitCode: 1, healthy: false });
  expect(findings).toContainEqual(expect.objectContaining({ level: 'problem', subject: 'configuration' }));
});

test('a profile that does not exist exits with 2', async () => {
  const io = createFakeIo({ workingDirectory: directory, environment: { TEMPORAL_PROFILE: 'nope', HOME: directory } });
  expect(await runProgram(['status'], io)).toBe(2);
  expect(io.err()).toContain('nope');
});
