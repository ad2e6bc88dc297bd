import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/activity';
import { connect } from '../../client/connect.ts';
import { runProgram } from '../../client/program.ts';
import type { RunDocument } from '../../client/runs/run-document.ts';
import type { Activities } from '../../contract/activities.ts';
import { SEARCH_ATTRIBUTES } from '../../contract/names.ts';
import { createFakeIo, type FakeIo } from '../support/cli-io.ts';
import { atWorkUntil, standInActivities, withStandInWorker } from '../support/stand-in-worker.ts';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';

const CONFIGURATION = `version: 1
host: cli
staging_directory: /var/lib/holdfast/staging
state_directory: /var/lib/holdfast/state
restore_directory: /var/lib/holdfast/restore
repositories:
  main: { location: /srv/restic, password: { env: RESTIC_SECRET } }
plans:
  tracker:
    repository: main
    schedule: { cron: "0 3 * * *" }
    sources: { sqlite: { main: { path: /data/main.db } } }
  idle:
    repository: main
    sources: { sqlite: { other: { path: /data/other.db } } }
`;

let server: TemporalServer;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-commands-'));
  await writeFile(join(directory, 'holdfast.yaml'), CONFIGURATION);
  server = await startTemporalServer();
}, 60_000);
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

function environment(): Record<string, string> {
  return { TEMPORAL_ADDRESS: server.address, TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml' };
}

interface Ended {
  exitCode: number;
  io: FakeIo;
}

function start(...argv: string[]): { io: FakeIo; ended: Promise<Ended> } {
  const io = createFakeIo({ workingDirectory: directory, environment: environment() });
  return { io, ended: runProgram(argv, io).then((exitCode) => ({ exitCode, io })) };
}

const run = async (...argv: string[]): Promise<Ended> => start(...argv).ended;

function withWorker<Result>(changes: Partial<Activities>, body: () => Promise<Result>): Promise<Result> {
  return withStandInWorker({ address: server.address, host: 'cli', activities: standInActivities(changes) }, body);
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come to that within 10 s');
}

const documentOf = ({ io }: Ended) => JSON.parse(io.out()) as RunDocument;

test('commands that need the worker exit with 20 when none polls, and name its task queue', async () => {
  const ended = await Promise.all([run('backup', 'tracker'), run('init'), run('snapshots', 'tracker')]);
  for (const { exitCode, io } of ended) {
    expect(exitCode).toBe(20);
    expect(io.err()).toContain('no worker polls the task queue holdfast-cli');
    expect(io.err()).toContain('holdfast worker');
  }
});

test('a namespace that does not exist is named, and doctor reports it beside its other findings', async () => {
  const io = () =>
    createFakeIo({ workingDirectory: directory, environment: { ...environment(), TEMPORAL_NAMESPACE: 'nowhere' } });
  const [status, doctor] = [io(), io()];
  expect([await runProgram(['status'], status), await runProgram(['doctor'], doctor)]).toEqual([20, 1]);
  expect(status.err()).toContain('has no namespace nowhere (TEMPORAL_NAMESPACE)');
  expect(status.err()).not.toContain('not expected');
  expect(doctor.out()).toMatch(/^ok +node: /m);
  expect(doctor.out()).toMatch(/^problem +Temporal: .* has no namespace nowhere/m);
});

test('status and history work without a worker', async () => {
  const status = await run('status');
  const history = await run('history', 'idle');
  expect([status.exitCode, history.exitCode]).toEqual([0, 0]);
  expect(status.io.out()).toContain('no worker polls');
  expect(history.io.out()).toContain('Temporal knows of no run of idle');
});

test('a run that succeeds exits with 0, prints one document, and stands in history and status', async () => {
  await withWorker({}, async () => {
    const ended = await run('backup', 'tracker', '--json');
    const document = documentOf(ended);
    expect(ended.exitCode).toBe(0);
    expect(document).toMatchObject({ plan: 'tracker', outcome: 'succeeded', snapshot_id: 'ab'.repeat(32), bytes_added: 512 });
    expect(document.phases.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'openRun done',
      'probeRepository done',
      'dumpSqlite sqlite/main done',
      'sealStage done',
      'createSnapshot done',
      'cleanUpStage done',
    ]);
    await until(async () => (await run('history', 'tracker')).io.out().includes('abababab'));
    const history = JSON.parse((await run('history', 'tracker', '--json')).io.out()) as RunDocument[];
    expect(history.map(({ run_id }) => run_id)).toEqual([document.run_id]);
    const { io } = await run('status', '--json');
    expect(JSON.parse(io.out())).toMatchObject({
      worker: { polling: true },
      plans: [
        { plan: 'tracker', last_good_run: { run_id: document.run_id } },
        { plan: 'idle', last_run: null },
      ],
    });
  });
}, 60_000);

test('a run without all files exits with 3', async () => {
  const isPartial = { ...(await standInActivities().createSnapshot({ run: {} as never })), isComplete: false };
  await withWorker({ createSnapshot: async () => isPartial }, async () => {
    const ended = await run('backup', 'tracker');
    expect(ended.exitCode).toBe(3);
    expect(ended.io.out()).toContain('Backup of tracker is partial');
  });
}, 60_000);

test('a failed run exits with the code of its failure, and the document says which phase failed', async () => {
  const probeRepository = async () => {
    throw ApplicationFailure.nonRetryable('the repository refuses the password', 'AuthRejected', { attempt: 1 });
  };
  await withWorker({ probeRepository }, async () => {
    const ended = await run('backup', 'tracker', '--json');
    expect(ended.exitCode).toBe(12);
    expect(documentOf(ended)).toMatchObject({
      outcome: 'failed',
      failure: { type: 'AuthRejected', message: 'the repository refuses the password', phase: 'probeRepository' },
    });
  });
}, 60_000);

test('a run that was refused stands in the history, and is not the last run of the status', async () => {
  let refused = '';
  const openRun = () => Promise.reject(ApplicationFailure.nonRetryable('another run is in progress', 'PlanBusy', { attempt: 1 }));
  await withWorker({ openRun }, async () => {
    refused = documentOf(await run('backup', 'tracker', '--json')).run_id;
  });
  await until(async () => (await run('history', 'tracker', '--json')).io.out().includes(refused));
  const { plans } = JSON.parse((await run('status', '--json')).io.out()) as { plans: { last_run: { run_id: string } }[] };
  expect(plans[0]?.last_run.run_id).not.toBe(refused);
}, 60_000);

test('a phase that is tried again says once why', async () => {
  let attempts = 0;
  const sealStage: Activities['sealStage'] = async () => {
    attempts += 1;
    if (attempts === 1) throw ApplicationFailure.retryable('the disk is full', 'DiskFull', { attempt: 1 });
    return { attempt: attempts, warnings: ['it was close'], bytes: 1, files: 1, shrunken: [] };
  };
  await withWorker({ sealStage }, async () => {
    const { exitCode, io } = await run('backup', 'tracker');
    expect(exitCode).toBe(0);
    const said = io
      .err()
      .split('\n')
      .filter((line) => line.startsWith('sealStage'));
    expect(said).toEqual([
      'sealStage: started',
      'sealStage: attempt 1 failed, trying again: the disk is full',
      expect.stringMatching(/^sealStage: done {2}.* 2 attempts$/),
    ]);
    expect(io.out()).toContain('- it was close');
  });
}, 60_000);

test('a second Ctrl-C cancels the run, which cleans up, and the command exits with 130', async () => {
  const dumpSqlite: Activities['dumpSqlite'] = async (input) => {
    await atWorkUntil(new Promise(() => undefined));
    return standInActivities().dumpSqlite(input);
  };
  await withWorker({ dumpSqlite }, async () => {
    const { io, ended } = start('backup', 'tracker', '--json');
    await until(() => ['probeRepository: done', 'dumpSqlite sqlite/main: started'].every((line) => io.err().includes(line)));
    io.signal('SIGINT');
    io.signal('SIGINT');
    const { exitCode } = await ended;
    expect(exitCode).toBe(130);
    const document = documentOf({ exitCode, io });
    expect(document.outcome).toBe('cancelled');
    expect(document.phases.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'openRun done',
      'probeRepository done',
      'dumpSqlite sqlite/main cancelled',
      'cleanUpStage done',
    ]);
  });
}, 60_000);

test('SIGTERM leaves the run to itself; status shows how far it is, and it ends without us', async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const dumpSqlite: Activities['dumpSqlite'] = async (input) => {
    await atWorkUntil(released);
    return standInActivities().dumpSqlite(input);
  };
  await withWorker({ dumpSqlite }, async () => {
    const { io, ended } = start('backup', 'tracker', '--json');
    await until(() => io.err().includes('dumpSqlite sqlite/main: started'));
    io.signal('SIGTERM');
    const left = await ended;
    expect({ exitCode: left.exitCode, outcome: documentOf(left).outcome }).toEqual({ exitCode: 130, outcome: 'running' });
    await until(async () => (await run('status')).io.out().includes('dumpSqlite sqlite/main 50 %'));
    release();
    const { run_id } = documentOf(left);
    await until(async () => {
      const runs = JSON.parse((await run('history', 'tracker', '--json')).io.out()) as RunDocument[];
      return runs.some((each) => each.run_id === run_id && each.outcome === 'succeeded');
    });
  });
}, 60_000);

test('a detached run is started and named, and the command exits with 0', async () => {
  await withWorker({}, async () => {
    const ended = await run('backup', 'tracker', '--detach', '--json');
    const { workflow_id, outcome } = documentOf(ended);
    expect({ exitCode: ended.exitCode, outcome }).toEqual({ exitCode: 0, outcome: 'running' });
    expect(workflow_id).toMatch(/^backup\/cli\/tracker-manual-/);
    await until(async () => (await run('history', 'tracker', '--limit', '1')).io.out().includes('succeeded'));
  });
}, 60_000);

test('with search attributes a run that was started under an id of its own is found too', async () => {
  const temporal = await connect(environment());
  try {
    const KEYWORD = 2;
    const searchAttributes = Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, KEYWORD]));
    await temporal.client.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
    const openRun: Activities['openRun'] = async (input) => ({
      ...(await standInActivities().openRun(input)),
      hasSearchAttributes: true,
    });
    await withWorker({ openRun }, async () => {
      const handle = await temporal.client.workflow.start('backup', {
        taskQueue: 'holdfast-cli',
        workflowId: 'before-the-upgrade',
        args: [{ plan: 'tracker' }],
      });
      await handle.result();
      await until(async () => (await run('history', 'tracker', '--json')).io.out().includes('before-the-upgrade'));
      const idle = await run('history', 'idle', '--json');
      expect(JSON.parse(idle.io.out())).toEqual([]);
    });
  } finally {
    await temporal.close();
  }
}, 60_000);

test('init, snapshots and doctor print what the worker answers', async () => {
  const snapshot = { id: 'ef'.repeat(32), short_id: 'efefefef', time: '2026-11-23T03:00:00Z', hostname: 'cli', paths: ['.'] };
  await withWorker({ listSnapshots: async () => [{ ...snapshot, tags: ['plan:tracker', 'run:x', 'mine'] }] }, async () => {
    const init = await run('init', '--json');
    expect(JSON.parse(init.io.out())).toMatchObject({ repository: 'main', created: true });
    const table = await run('snapshots', 'tracker');
    expect(table.io.out()).toContain('efefefef  2026-11-23 03:00 UTC     -      -  mine');
    const array = await run('snapshots', 'tracker', '--json');
    expect(JSON.parse(array.io.out())).toMatchObject([{ id: snapshot.id, tags: ['plan:tracker', 'run:x', 'mine'] }]);
    const doctor = await run('doctor');
    expect(doctor.exitCode).toBe(1);
    expect(doctor.io.out()).toMatch(/^warning {2}schedules: .*create holdfast\/cli\/tracker\/backup\n +→ holdfast apply$/m);
    expect(doctor.io.out()).toMatch(/^problem {2}worker's configuration: /m);
  });
}, 60_000);

test("the worker's failure ends init with its exit code and its own words", async () => {
  const initRepository = async () => {
    throw ApplicationFailure.nonRetryable('the secret RESTIC_SECRET is not set', 'SecretUnavailable', { attempt: 1 });
  };
  await withWorker({ initRepository }, async () => {
    const { exitCode, io } = await run('init', 'main', '--json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(io.out())).toEqual({
      error: { type: 'SecretUnavailable', message: 'the secret RESTIC_SECRET is not set', exit_code: 2 },
    });
  });
}, 60_000);
