import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Holdfast, renderConfiguration } from '../support/holdfast.ts';
import { HookedService } from '../support/hooked-service.ts';

let holdfast: Holdfast;
/** Holds dumps alone: no plan here has hooks. */
let service: HookedService;

/** A password that is to be had once a file is there: what opens the repository waits for it. */
function passwordAfter(file: string, password: string): string {
  return `{ command: [sh, -c, "until [ -e ${file} ]; do sleep 0.05; done; echo ${password}"] }`;
}

function render(directory: string): string {
  const sqlite = `sqlite:\n  tracker: { path: ${directory}/data/tracker.db }`;
  const staged = join(directory, 'state/plans/tracker/run/sqlite.tracker.json');
  const refusing = passwordAfter(join(service.directory, 'at-dump'), 'wrong');
  return `${renderConfiguration(directory, { sources: sqlite })
    .replace('{ env: RESTIC_SECRET }', passwordAfter(staged, holdfast.environment['RESTIC_SECRET'] ?? ''))
    .replace('plans:\n', `  refusing: { location: ${directory}/repository, password: ${refusing} }\nplans:\n`)}
  refused:
    repository: refusing
    sources: { sqlite: { tracker: { path: ${directory}/data/tracker.db } } }
`;
}

beforeAll(async () => {
  holdfast = await Holdfast.create(() => '');
  service = new HookedService(join(holdfast.directory, 'service'));
  await service.install();
  await holdfast.configure(render);
  await service.prepareBackups(holdfast);
  await holdfast.up();
}, 120_000);

afterAll(async () => {
  await service.remove();
  await holdfast.stop();
});

test('a dump does not wait for the repository to be opened', async () => {
  const run = await holdfast.mustBackUp();
  const phase = (start: string) => run.phases.find(({ name }) => name.startsWith(start));
  const [probe, dump] = [phase('probeRepository'), phase('dumpSqlite')];
  expect(dump?.started_at).toBe(probe?.started_at);
  expect(dump?.duration_ms).toBeLessThan(probe?.duration_ms ?? 0);
  await holdfast.recordHistory(run.workflow_id, 'backup-probed');
}, 60_000);

test('a repository that refuses the password ends a dump that is under way, and nothing of it is left', async () => {
  await service.hold('dump');
  const { exitCode, run } = await holdfast.backup('refused');
  expect([exitCode, run.failure?.type, run.failure?.phase]).toEqual([12, 'AuthRejected', 'probeRepository']);
  expect(run.phases.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'openRun done',
    'probeRepository failed',
    'dumpSqlite sqlite/tracker cancelled',
    'cleanUpStage done',
  ]);
  expect(await readdir(join(holdfast.directory, 'staging'))).toEqual([]);
  await holdfast.recordHistory(run.workflow_id, 'backup-refused');
}, 60_000);
