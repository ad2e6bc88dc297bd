import { expect, test } from '@jest/globals';
import { load, problemsOf, sampleWith } from './sample.ts';

test('${NAME} takes its value from the environment that is given, and only once', async () => {
  const text = sampleWith({ host: 'a-${A}-${B}', 'plans.tracker.sources.mysql.shop.user': '${NESTED}' });
  const configuration = await load(text, { A: '1', B: '2', NESTED: '${A}' });
  expect(configuration.host).toBe('a-1-2');
  expect(configuration.plans.get('tracker')?.sources.at(-1)).toMatchObject({ user: '${A}' });
});

test('$${ stands for a plain ${', async () => {
  const configuration = await load(sampleWith({ 'plans.tracker.sources.mysql.shop.user': '$${A}' }));
  expect(configuration.plans.get('tracker')?.sources.at(-1)).toMatchObject({ user: '${A}' });
});

test('a number and a boolean may come from the environment', async () => {
  const text = sampleWith({
    'plans.tracker.sources.mysql.shop.port': '${PORT}',
    'plans.tracker.sources.sqlite.main.allow_writer_stall': '${STALL}',
    'plans.tracker.deadline': '${DEADLINE}',
  });
  const plan = (await load(text, { PORT: '3307', STALL: 'true', DEADLINE: '2h' })).plans.get('tracker');
  expect(plan).toMatchObject({
    deadlineMs: 7_200_000,
    sources: [{}, { allowWriterStall: true }, { address: { kind: 'tcp', host: 'db', port: 3307 } }],
  });
});

test('what comes from the environment is judged like anything else', async () => {
  const text = sampleWith({ 'plans.tracker.sources.mysql.shop.port': '${PORT}', host: '${HOST}' });
  const paths = (await problemsOf(load(text, { PORT: '3307x', HOST: '' }))).map(({ path }) => path);
  expect(paths).toEqual(['host', 'plans.tracker.sources.mysql.shop.port']);
});

test('keys are left alone', async () => {
  const [problem] = await problemsOf(load(sampleWith({ 'plans.${A}': {} }), { A: 'ok' }));
  expect(problem).toMatchObject({ path: 'plans.${A}', message: expect.stringContaining('a name is made of') });
});

test.each([
  ['a variable that is not set', '${MISSING}', 'the environment variable MISSING is not set'],
  ['a name that is none', '${A:-b}', '"${A:-b}" does not name an environment variable'],
  ['a brace that is not closed', '${A', 'has no closing brace'],
])('%s is the only problem of its value', async (_title, value, message) => {
  expect(await problemsOf(load(sampleWith({ staging_directory: value }), { A: '/x' }))).toEqual([
    { path: 'staging_directory', message: expect.stringContaining(message), line: 4 },
  ]);
});

const MYSQL_PASSWORD = 'plans.tracker.sources.mysql.shop.password';

test.each([
  ['repositories.main.password', '${A}', 'repositories.main.password'],
  ['repositories.main.password', 'hunter${22', 'repositories.main.password'],
  ['repositories.main.password', { env: '${A}' }, 'repositories.main.password.env'],
  ['repositories.main.password', { command: ['echo', '${A}'] }, 'repositories.main.password.command[1]'],
  ['repositories.main.environment', { REGION: '${A}' }, 'repositories.main.environment.REGION'],
  [MYSQL_PASSWORD, 'hunter${A}', MYSQL_PASSWORD],
])('no secret is filled in at %s as %j', async (path, value, refused) => {
  const loading = load(sampleWith({ [path]: value }), { A: 'hunter' });
  expect(await problemsOf(loading)).toEqual([
    { path: refused, message: expect.stringContaining('name the variable instead: { env: NAME }'), line: expect.any(Number) },
  ]);
  await expect(loading).rejects.not.toThrow(/hunter/);
});

test('the path of a secret file may use ${NAME}, as systemd needs it', async () => {
  const text = sampleWith({ 'repositories.main.password': { file: '${CREDENTIALS_DIRECTORY}/restic' } });
  const configuration = await load(text, { CREDENTIALS_DIRECTORY: '/run/credentials/holdfast.service' });
  expect(configuration.repositories.get('main')?.password).toEqual({
    kind: 'file',
    path: '/run/credentials/holdfast.service/restic',
  });
});
