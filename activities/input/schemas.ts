import { z } from 'zod';
import type { Activities } from '../../contract/activities.ts';
import { SOURCE_KINDS } from '../../contract/backup.ts';
import {
  databaseName,
  insidePath,
  plainName,
  runIdShape,
  snapshotIdShape,
  sourceIdShape,
  timeShape,
  wantedName,
  workflowIdShape,
} from './shapes.ts';

// Loose: a workflow of a newer or older Holdfast may send more, which nobody here reads.

const identity = { workflowId: workflowIdShape, runId: runIdShape, startedAt: timeShape };

/** Of a run that was refused, `plan` is whatever its input said, or its workflow id. */
const run = z.looseObject({ ...identity, plan: z.string().max(1_000) });

const phase = z.looseObject({ run });
const stageSource = z.looseObject({ run, source: plainName });
const arrival = z.looseObject({ scheduledAt: timeShape.optional(), requestedAt: timeShape, arrivedAt: timeShape }).optional();
const opening = z.looseObject({ ...identity, arrival, input: z.unknown() });

const origin = z.discriminatedUnion('from', [
  z.looseObject({ from: z.literal('repository'), id: snapshotIdShape }),
  z.looseObject({ from: z.literal('archive'), name: z.string().regex(/^[\w.-]{1,200}$/, { error: 'is no name of an archive' }) }),
]);
const tree = z.looseObject({ run, origin, sources: z.array(sourceIdShape), file: insidePath.min(1).optional() });
const putBack = z.looseObject({ run, source: sourceIdShape });

const record = z.looseObject({
  ...identity,
  plan: z.string().max(1_000),
  host: z.string().max(1_000),
  outcome: z.enum(['running', 'succeeded', 'partial', 'failed', 'cancelled']),
  finishedAt: timeShape.optional(),
  snapshotId: snapshotIdShape.optional(),
  failure: z.looseObject({ type: z.string(), message: z.string(), phase: z.string() }).optional(),
  phases: z.array(z.looseObject({ name: z.string(), status: z.string(), bytes: z.number().optional() })),
  warnings: z.array(z.string()),
});
const checks = z.array(
  z.looseObject({
    name: z.string(),
    status: z.enum(['pass', 'fail', 'skipped']),
    expected: z.union([z.string(), z.number()]).optional(),
    actual: z.union([z.string(), z.number()]).optional(),
    message: z.string().optional(),
  }),
);
const drillRecord = record.extend({ drill: z.looseObject({ checks }) });

/** Judged by the activity itself, which says more. */
const judgedInside = z.unknown();
const task = z.enum(['check', 'prune']);

/** What each activity takes. */
export const ACTIVITY_INPUTS = {
  openRun: opening,
  awaitTurn: z.looseObject({ run, kind: z.enum(['backup', 'drill']) }),
  probeRepository: phase,
  beforeDump: phase,
  afterDump: z.looseObject({ run, round: z.number().int().positive(), isLate: z.boolean() }),
  dumpSqlite: stageSource,
  dumpMysql: stageSource,
  stageFiles: stageSource,
  sealStage: phase,
  writeArchive: phase,
  createSnapshot: phase,
  forgetSnapshots: z.looseObject({ run, snapshotId: snapshotIdShape }),
  rotateArchives: phase,
  cleanUpStage: phase,
  reportRun: z.looseObject({ record }),
  notify: z.looseObject({ record, notification: z.number().int().nonnegative() }),
  openDrill: opening,
  restoreForDrill: z.looseObject({ run, snapshotId: snapshotIdShape }),
  verifyFiles: phase,
  verifyDatabase: z.looseObject({ run, source: z.looseObject({ kind: z.enum(SOURCE_KINDS), name: plainName }) }),
  verifyArchive: phase,
  judgeDrill: z.looseObject({ run, snapshotId: snapshotIdShape, checks }),
  closeDrill: phase,
  reportDrill: z.looseObject({ record: drillRecord }),
  openRestore: z.looseObject({ run, input: z.unknown() }),
  fetchTree: tree,
  compareTree: tree,
  putBack,
  loadDump: putBack.extend({ into: databaseName }),
  closeRestore: z.looseObject({ run, isKept: z.boolean() }),
  previewRestore: judgedInside,
  listFiles: judgedInside,
  mountSnapshots: judgedInside,
  openMaintenance: z.looseObject({ task, startedAt: timeShape, arrival, input: z.unknown() }),
  checkRepository: z.looseObject({ repository: wantedName, readsAllData: z.boolean() }),
  pruneRepository: z.looseObject({ repository: wantedName }),
  reportMaintenance: z.looseObject({ task, record }),
  unlockRepository: judgedInside,
  initRepository: judgedInside,
  listSnapshots: judgedInside,
  examineHost: judgedInside,
} as const satisfies Record<keyof Activities, z.ZodType>;
