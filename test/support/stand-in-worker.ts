import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import type { Activities as AllActivities } from '../../contract/activities.ts';
import type { MaintenanceActivities } from '../../contract/maintenance.ts';
import { taskQueueName } from '../../contract/names.ts';
import type { RestoreActivities } from '../../contract/restore.ts';

/** What has a stand-in: the workflows of these. */
type Activities = Omit<AllActivities, keyof MaintenanceActivities | 'mountSnapshots'>;

const DONE = { attempt: 1, warnings: [] };

/**
 * Activities that do nothing and succeed: for tests of what goes on around them, such as the command line and Temporal. What
 * they stand in for is tested with the real tools elsewhere.
 */
export function standInActivities(changes: Partial<Activities> = {}): Activities {
  const stage = async () => ({ ...DONE, source: 'sqlite/main', bytes: 4096, files: 1, method: 'stand-in' });
  const rotate = async () => ({ ...DONE, kept: 1, removed: 0 });
  const nothing = async () => DONE;
  return {
    openRun: async () => ({
      ...DONE,
      plan: 'tracker',
      host: 'cli',
      sources: [{ kind: 'sqlite', name: 'main' }],
      hasArchive: false,
      hasRetention: false,
      hasProbe: true,
      deadlineMs: 60_000,
      hasSearchAttributes: false,
    }),
    awaitTurn: nothing,
    probeRepository: nothing,
    beforeDump: nothing,
    afterDump: async () => ({ ...DONE, wasUndoneBefore: false }),
    dumpSqlite: stage,
    dumpMysql: stage,
    stageFiles: stage,
    sealStage: async () => ({ ...DONE, bytes: 4096, files: 1, shrunken: [] }),
    writeArchive: async () => ({ ...DONE, path: '/backups/x.tar.zst', bytes: 1024 }),
    createSnapshot: async () => ({
      ...DONE,
      snapshotId: 'ab'.repeat(32),
      isComplete: true,
      bytesProcessed: 4096,
      bytesAdded: 512,
      filesProcessed: 1,
    }),
    forgetSnapshots: rotate,
    rotateArchives: rotate,
    cleanUpStage: nothing,
    reportRun: async () => ({ ...DONE, notifications: [] }),
    notify: nothing,
    initRepository: async ({ repository }) => ({
      repository,
      location: '/srv/restic',
      repositoryId: 'cd'.repeat(32),
      wasCreated: true,
    }),
    listSnapshots: async () => [],
    examineHost: async () => ({ host: 'cli', holdfastVersion: '0.0.0', configurationHash: 'none', findings: [] }),
    openDrill: async () => ({
      ...DONE,
      plan: 'tracker',
      host: 'cli',
      snapshotId: 'ab'.repeat(32),
      snapshotTime: '2026-11-23T03:00:00Z',
      hasArchive: false,
      deadlineMs: 60_000,
      hasSearchAttributes: false,
    }),
    restoreForDrill: async () => ({
      ...DONE,
      isRestored: true,
      restoreMs: 1_500,
      files: 1,
      bytes: 4096,
      checks: [{ name: 'restore', status: 'pass' }],
      databases: [],
    }),
    verifyFiles: async () => ({ ...DONE, checks: [] }),
    verifyDatabase: async () => ({ ...DONE, checks: [] }),
    verifyArchive: async () => ({ ...DONE, checks: [] }),
    judgeDrill: nothing,
    closeDrill: nothing,
    reportDrill: async () => ({ ...DONE, evidencePath: '/state/evidence/tracker/x.json', notifications: [] }),
    ...standInRestore(),
    ...changes,
  };
}

/** An activity at work until `released`: it heartbeats half done, and when it is cancelled ends as activities have to. */
export async function atWorkUntil(released: Promise<void>): Promise<void> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat({ phase: 'copy', percent: 50, bytesDone: 2048, bytesTotal: 4096 }), 200);
  try {
    await Promise.race([released, context.cancelled]);
  } finally {
    clearInterval(beat);
  }
}

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/** Runs a body while a worker with our real workflows and these activities polls the task queue of a host. */
export async function withStandInWorker<Result>(
  { address, host, activities }: { address: string; host: string; activities: Activities },
  body: () => Promise<Result>,
): Promise<Result> {
  if (bundle === undefined) {
    const logger = new DefaultLogger('ERROR', () => undefined);
    Runtime.install({ logger });
    bundle = bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)), logger });
  }
  const connection = await NativeConnection.connect({ address });
  try {
    const worker = await Worker.create({
      connection,
      taskQueue: taskQueueName(host),
      workflowBundle: await bundle,
      activities,
      maxHeartbeatThrottleInterval: 500,
    });
    return await worker.runUntil(body);
  } finally {
    await connection.close();
  }
}

function standInRestore(): RestoreActivities {
  const plan = {
    plan: 'tracker',
    host: 'cli',
    origin: { from: 'repository' as const, id: 'ab'.repeat(32) },
    time: '2026-11-23T03:00:00.000Z',
    overwrites: [],
  };
  return {
    openRestore: async () => ({ ...DONE, ...plan, sources: [], inPlace: [], deadlineMs: 60_000, hasSearchAttributes: false }),
    fetchTree: async () => ({ ...DONE, bytes: 4096 }),
    compareTree: async () => ({ ...DONE, files: 1, bytes: 4096, differences: 0 }),
    putBack: async () => ({ ...DONE, bytes: 4096, kept: [] }),
    loadDump: async () => ({ ...DONE, bytes: 4096, kept: [] }),
    closeRestore: async () => ({ ...DONE, path: '/restore/tracker' }),
    previewRestore: async () => plan,
    listFiles: async () => ({ snapshot_id: 'ab'.repeat(32), time: plan.time, files: [], total: 0 }),
  };
}
