import { expect, test } from '@jest/globals';
import { load, problemsOf, sampleWith } from './sample.ts';

const BROKEN: readonly (readonly [string, string | Buffer, readonly (readonly [number | undefined, string])[]])[] = [
  ['an empty document', '', [[undefined, 'is empty; start from an example: holdfast config example > holdfast.yaml']]],
  ['comments alone', '# later\n', [[undefined, 'is empty']]],
  ['a list', '- version: 1\n', [[undefined, 'must be a mapping that starts with "version: 1"']]],
  ['text', 'version 1', [[undefined, 'must be a mapping']]],
  [
    'tabs, each by its line',
    'a:\n\tb: 1\n\tc: 1\n',
    [
      [2, 'YAML does not allow tabs for indentation'],
      [3, 'does not allow tabs'],
    ],
  ],
  ['a quote that is not closed', 'a: "x\n', [[2, 'is no valid YAML: Missing closing "quote']]],
  ['a second document', 'a: 1\n---\nb: 2\n', [[2, 'one file holds one configuration']]],
  ['${NAME} without quotes in a list', 'a: [${B}]\n', [[1, 'inside [ ] and { } put quotes around "${NAME}"']]],
  ['bytes that are no UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff]), [[undefined, 'is not UTF-8 text']]],
  ['a merge of what is no mapping', 'a: &a [1]\n<<: *a\n', [[undefined, 'aliases or << merges that cannot be unfolded']]],
];

test.each(BROKEN)('%s is refused', async (_title, text, expected) => {
  const problems = await problemsOf(load(text));
  expect(problems).toEqual(
    expected.map(([line, message]) => ({
      path: '',
      message: expect.stringContaining(message),
      ...(line === undefined ? {} : { line }),
    })),
  );
});

test('a password that lacks its quotes is not repeated', async () => {
  for (const text of [
    'p: *hunter22\n',
    'p: !hunter22 x\n',
    'p: |hunter22\n  x\n',
    'p: "a" hunter22\n',
    'p: }hunter22\n',
    'p: @hunter22\n',
  ]) {
    const loading = load(text);
    await expect(loading).rejects.toThrow(/1 problem\n/);
    await expect(loading).rejects.not.toThrow(/hunter22/);
  }
});

test('an alias without its anchor is refused by path and line', async () => {
  expect(await problemsOf(load('version: 1\nplans:\n  a: *b\n'))).toEqual([
    { path: 'plans.a', message: expect.stringContaining('is an alias (*name) with no anchor'), line: 3 },
  ]);
});

test('a key that is written twice is refused by path and both lines, beside all other problems', async () => {
  const text = sampleWith({ host: undefined }).replace('"sqlite": {', '"sqlite": {\n"main": { "path": "/x" },');
  const line = text.split('\n').findLastIndex((each) => each.includes('"main": {')) + 1;
  expect(await problemsOf(load(text))).toEqual([
    { path: 'host', message: 'is required: text' },
    {
      path: 'plans.tracker.sources.sqlite.main',
      message: `is written twice, first in line ${line - 1}; remove one or give it another name`,
      line,
    },
  ]);
});

test('anchors, aliases and merges are understood, and a problem behind one has a line', async () => {
  const shared = sampleWith({}).replace('"schedule": {', '"schedule": &nightly {');
  const text = shared
    .replace('"verification": {', '"verification": {\n"schedule": { <<: *nightly, "jitter": "1" },')
    .replace(/"schedule": \{\s+"cron": "@monthly"\s+\},/, '');
  const line = text.split('\n').findIndex((each) => each.includes('*nightly')) + 1;
  expect(await problemsOf(load(text))).toEqual([
    { path: 'plans.tracker.verification.schedule.jitter', message: expect.stringContaining('must be a duration'), line },
  ]);
  const configuration = await load(text.replace('"1" }', '"1m" }'));
  expect(configuration.plans.get('tracker')?.verification?.schedule).toMatchObject({ cron: '0 3 * * *', jitterMs: 60_000 });
});
