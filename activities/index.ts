/**
 * All activities, composed: one file per phase, each wrapped with heartbeats, failures of the closed set and redaction, and guarded
 * against callers that are no workflow of ours.
 *
 * What must never be here: the order of phases, or what is retried. That is for workflows/.
 */
import type { Activities } from '../contract/activities.ts';
import type { RunReference } from '../contract/backup.ts';
import { afterDump } from './after-dump.ts';
import { awaitTurn } from './await-turn.ts';
import { beforeDump } from './before-dump.ts';
import { cleanUpStage } from './clean-up-stage.ts';
import { closeRestore } from './close-restore.ts';
import { createSnapshot } from './create-snapshot.ts';
import { createDatabases } from './databases/registry.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { closeDrill } from './drill/close-drill.ts';
import { judgeDrill } from './drill/judge-drill.ts';
import { openDrill } from './drill/open-drill.ts';
import { reportDrill } from './drill/report-drill.ts';
import { restoreForDrill } from './drill/restore-for-drill.ts';
import { verifyArchive } from './drill/verify-archive.ts';
import { verifyDatabase } from './drill/verify-database.ts';
import { verifyFiles } from './drill/verify-files.ts';
import { dumpDatabase } from './dump-database.ts';
import { examineHost } from './examine-host.ts';
import { compareTree, fetchTree } from './fetch-tree.ts';
import { forgetSnapshots } from './forget-snapshots.ts';
import { guardActivities } from './input/guard.ts';
import { initRepository, listSnapshots } from './inspect-repository.ts';
import { listFiles } from './list-files.ts';
import { checkRepository, openMaintenance, pruneRepository, reportMaintenance } from './maintain-repository.ts';
import { mountSnapshots } from './mount-snapshots.ts';
import { notify } from './notify.ts';
import { openRestore, previewRestore } from './open-restore.ts';
import { openRun } from './open-run.ts';
import { type PhaseContext, phase, runActivity } from './phase.ts';
import { probeRepository } from './probe-repository.ts';
import { loadDump, putBack } from './put-back.ts';
import { reportRun } from './report-run.ts';
import { rotateArchives } from './rotate-archives.ts';
import { sealStage } from './seal-stage.ts';
import { Slots } from './slots.ts';
import { stageFiles } from './stage-files.ts';
import { unlockRepository } from './unlock-repository.ts';
import { writeArchive } from './write-archive.ts';

/** Creates the activities of a worker. */
export function createActivities(dependencies: ActivityDependencies): Activities {
  const { activePhases, configuration, programs } = dependencies;
  const dumpSlots = new Slots(configuration.maxParallelDumps);
  const deps = { ...dependencies, databases: createDatabases(programs), dumpSlots };

  /** A phase of a run that has its plan, bound to the dependencies and counted as active while it is at work. */
  function ofRun<Input extends { run: RunReference }, Result extends object>(
    body: (dependencies: typeof deps, input: Input, context: PhaseContext) => Promise<Result>,
  ) {
    return phase<Input, Result>(deps, (input, context) => activePhases.track(input.run.runId, () => body(deps, input, context)));
  }

  return guardActivities({
    openRun: phase(deps, (input, context) => openRun(deps, input, context)),
    awaitTurn: ofRun(awaitTurn),
    probeRepository: ofRun(probeRepository),
    beforeDump: ofRun(beforeDump),
    afterDump: ofRun(afterDump),
    dumpSqlite: ofRun(dumpDatabase('sqlite')),
    dumpMysql: ofRun(dumpDatabase('mysql')),
    stageFiles: ofRun(stageFiles),
    sealStage: ofRun(sealStage),
    writeArchive: ofRun(writeArchive),
    createSnapshot: ofRun(createSnapshot),
    forgetSnapshots: ofRun(forgetSnapshots),
    rotateArchives: ofRun(rotateArchives),
    cleanUpStage: ofRun(cleanUpStage),
    notify: phase(deps, (input, context) => notify(deps, input, context)),
    reportRun: phase(deps, (input) => reportRun(deps, input)),
    openDrill: phase(deps, (input, context) => openDrill(deps, input, context)),
    restoreForDrill: ofRun(restoreForDrill),
    verifyFiles: ofRun(verifyFiles),
    verifyDatabase: ofRun(verifyDatabase),
    verifyArchive: ofRun(verifyArchive),
    judgeDrill: ofRun(judgeDrill),
    closeDrill: ofRun(closeDrill),
    reportDrill: phase(deps, (input) => reportDrill(deps, input)),
    openRestore: ofRun(openRestore),
    fetchTree: ofRun(fetchTree),
    compareTree: ofRun(compareTree),
    putBack: ofRun(putBack),
    loadDump: ofRun(loadDump),
    closeRestore: ofRun(closeRestore),
    previewRestore: (input) => runActivity(deps, (context) => previewRestore(deps, input, context)),
    mountSnapshots: (input) => runActivity(deps, (context) => mountSnapshots(deps, input, context)),
    listFiles: (input) => runActivity(deps, (context) => listFiles(deps, input, context)),
    openMaintenance: phase(deps, (input, context) => openMaintenance(deps, input, context)),
    checkRepository: phase(deps, (input, context) => checkRepository(deps, input, context)),
    pruneRepository: phase(deps, (input, context) => pruneRepository(deps, input, context)),
    reportMaintenance: phase(deps, (input) => reportMaintenance(deps, input)),
    unlockRepository: (input) => runActivity(deps, (context) => unlockRepository(deps, input, context)),
    initRepository: (input) => runActivity(deps, (context) => initRepository(deps, input, context)),
    listSnapshots: (input) => runActivity(deps, (context) => listSnapshots(deps, input, context)),
    examineHost: () => runActivity(deps, (context) => examineHost(deps, context)),
  });
}
