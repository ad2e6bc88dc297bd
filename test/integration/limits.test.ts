import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { createSnapshot } from '../../activities/create-snapshot.ts';
import { createRestic, type Restic } from '../../activities/restic/restic.ts';
import { claimPlan } from '../../activities/run/claim.ts';
import type { Plan, Rate, Repository, TransferLimit } from '../../config/types.ts';
import type { Programs } from '../../process/programs.ts';
import { configurationOf, plan as planNamed } from '../support/configurations.ts';
import { createTestContext, programs, type TestContext, withDirectory } from '../support/phase-context.ts';
import { shell } from '../support/stage-place.ts';

const MIB = 1024 ** 2;
const RUN = {
  plan: 'app',
  workflowId: 'w',
  runId: '0198c0de-0000-7000-8000-000000000001',
  startedAt: '2026-01-15T21:00:00.000Z',
};

afterEach(() => {
  jest.restoreAllMocks();
});

interface Scene {
  plan: Plan;
  restic: Restic;
  context: TestContext;
  /** Arguments of each `restic backup`, in the order in which they were started. */
  uploads: string[][];
  createSnapshot(): ReturnType<typeof createSnapshot>;
}

async function withScene(changes: Partial<Repository>, body: (scene: Scene) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const uploads: string[][] = [];
    const watched: Programs = {
      ...programs,
      run: async (request) => {
        const running = programs.run(request);
        if (request.args.includes('backup')) {
          uploads.push([...request.args]);
          // The new time of day begins just after a restic has started with the old one.
          setClock('2026-01-15T08:00:00Z');
        }
        return running;
      },
    };
    const base = planNamed('app');
    const repository: Repository = { ...base.repository, location: join(directory, 'repository'), ...changes };
    const stateDirectory = join(directory, 'state');
    const plan = { ...base, repository, stageDirectory: join(directory, 'stage'), stateDirectory: join(stateDirectory, 'app') };
    const context = createTestContext({ RESTIC_PASSWORD: 'correct horse' });
    const restic = createRestic({ programs: watched, repository, stateDirectory, context });
    await restic.init();
    await mkdir(plan.stageDirectory);
    await mkdir(plan.stateDirectory, { recursive: true });
    await claimPlan({ directory: plan.stateDirectory, run: RUN, isRunOpen: async () => true });
    const deps = { configuration: { ...configurationOf('h', plan), stateDirectory }, programs: watched } as never;
    await body({ plan, restic, context, uploads, createSnapshot: async () => createSnapshot(deps, { run: RUN }, context) });
  });
}

/** Sets the wall clock, which goes on from there. */
function setClock(time: string): void {
  const offset = Date.parse(time) - performance.now();
  jest.spyOn(Date, 'now').mockImplementation(() => performance.now() + offset);
}

/** Another limit from 08:00 on. */
function limitByDay(otherwise: Rate, byDay: Rate): TransferLimit {
  return { default: otherwise, timezone: 'UTC', windows: [{ fromMinute: 480, toMinute: 1320, rate: byDay }] };
}

/** Some packs more than the 50 000. */
const SMALL_FILES = 62_000;

/** So many blobs that restic saves an index on the way: it does after 50 000 of them, or after 10 min (restic 0.19.1). */
async function fillStage({ stageDirectory }: Plan): Promise<void> {
  const script = `mkdir small; cd small; head -c $((${SMALL_FILES} * 400)) /dev/urandom | split -b 400 -a 5 -`;
  await shell(stageDirectory, script);
  await writeFile(join(stageDirectory, 'zz-last'), randomBytes(12 * MIB));
}

test(
  'a backup that meets a stricter limit goes on with it, without what was sent, and makes one snapshot',
  () =>
    withScene(
      { uploadLimit: limitByDay(4 * MIB, 3 * MIB), environment: { RESTIC_PACK_SIZE: '4' } },
      async ({ plan, restic, uploads, context, createSnapshot }) => {
        await fillStage(plan);
        setClock('2026-01-15T07:59:00Z');
        const result = await createSnapshot();
        expect(uploads.map((args) => args[args.indexOf('--limit-upload') + 1])).toEqual(['4096', '3072']);
        expect(result).toMatchObject({ isComplete: true, filesProcessed: SMALL_FILES + 1 });
        // The small files were sent by then, and with them 20 MB at the least.
        expect(result.bytesAdded).toBeLessThan(result.bytesProcessed - 15 * MIB);
        const snapshots = await restic.snapshots({ host: 'h', tags: ['plan:app'] });
        expect(snapshots.map(({ id }) => id)).toEqual([result.snapshotId]);
        expect(context.warnings).toEqual([]);
      },
    ),
  240_000,
);

test('a limit that was lifted is no reason to begin anew when next to nothing is left', () =>
  withScene({ uploadLimit: limitByDay(MIB, 'unlimited') }, async ({ plan, uploads, createSnapshot }) => {
    await writeFile(join(plan.stageDirectory, 'data'), randomBytes(8 * MIB));
    setClock('2026-01-15T07:59:00Z');
    expect(await createSnapshot()).toMatchObject({ isComplete: true });
    expect(uploads).toHaveLength(1);
    expect(uploads[0]).toEqual(expect.arrayContaining(['--limit-upload', '1024']));
  }));
