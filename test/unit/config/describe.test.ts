import { expect, test } from '@jest/globals';
import { configurationHash, describeConfiguration } from '../../../config/index.ts';
import { load, sampleWith } from './sample.ts';

test('a description is plain JSON with the file’s spelling, and secrets are references', async () => {
  const environment = { REGION_NAME: 'eu', TOKEN: { env: 'T' } };
  const configuration = await load(sampleWith({ 'repositories.main.environment': environment }));
  const description = describeConfiguration(configuration);
  expect(JSON.parse(JSON.stringify(description))).toEqual(description);
  expect(description).toMatchObject({
    file: expect.stringMatching(/^\/.*holdfast\.yaml$/),
    repositories: { main: { password: { env: 'RESTIC_SECRET' }, environment } },
    plans: { tracker: { repository: 'main', deadline_ms: 21_600_000, schedule: { catch_up_within_ms: 43_200_000 } } },
  });
});

test('files that mean the same have the same hash, wherever they lie and however they are written', async () => {
  const plain = configurationHash(await load(sampleWith({})));
  const spelled = sampleWith({ 'plans.tracker.deadline': '360m', 'plans.tracker.tags': [], host: undefined });
  expect(plain).toMatch(/^[0-9a-f]{64}$/);
  expect(configurationHash(await load(spelled.replace(/\}$/, ', "host": "tracker-1" }')))).toBe(plain);
});

test.each([{ host: 'other' }, { 'plans.tracker.deadline': '5h' }, { 'repositories.main.password': { env: 'OTHER' } }])(
  'the change %j changes the hash',
  async (changes) => {
    expect(configurationHash(await load(sampleWith(changes)))).not.toBe(configurationHash(await load(sampleWith({}))));
  },
);
