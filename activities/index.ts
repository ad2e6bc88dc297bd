/**
 * All activities, composed: one file per phase, each wrapped with heartbeats, failures of the closed set and redaction.
 *
 * What must never be here: the order of phases, or what is retried. That is for workflows/.
 */
import type { Activities } from '../contract/activities.ts';
import type { RunReference } from '../contract/backup.ts';
import { cleanUpStage } from './clean-up-stage.ts';
import { createSnapshot } from './create-snapshot.ts';
import { createDatabases } from './databases/registry.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { dumpDatabase } from './dump-database.ts';
import { examineHost } from './examine-host.ts';
import { forgetSnapshots } from './forget-snapshots.ts';
import { initRepository, listSnapshots } from './inspect-repository.ts';
import { checkRepository, openMaintenance, pruneRepository, reportMaintenance } from './maintain-repository.ts';
import { notify } from './notify.ts';
import { openRun } from './open-run.ts';
import { type PhaseContext, phase, runActivity } from './phase.ts';
import { reportRun } from './report-run.ts';
import { rotateArchives } from './rotate-archives.ts';
import { ActivePhases } from './run/active-phases.ts';
import { sealStage } from './seal-stage.ts';
import { stageFiles } from './stage-files.ts';
import { unlockRepository } from './unlock-repository.ts';
import { writeArchive } from './write-archive.ts';

/** Creates the activities of a worker. */
export function createActivities(dependencies: ActivityDependencies): Activities {
  const activePhases = new ActivePhases();
  const deps = { ...dependencies, databases: createDatabases(dependencies.programs), activePhases };

  /** A phase of a run that has its plan, bound to the dependencies and counted as active while it is at work. */
  function ofRun<Input extends { run: RunReference }, Result extends object>(
    body: (dependencies: typeof deps, input: Input, context: PhaseContext) => Promise<Result>,
  ) {
    return phase<Input, Result>(deps, (input, context) => activePhases.track(input.run.runId, () => body(deps, input, context)));
  }

  return {
    openRun: phase(deps, (input, context) => openRun(deps, input, context)),
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
    openMaintenance: phase(deps, (input, context) => openMaintenance(deps, input, context)),
    checkRepository: phase(deps, (input, context) => checkRepository(deps, input, context)),
    pruneRepository: phase(deps, (input, context) => pruneRepository(deps, input, context)),
    reportMaintenance: phase(deps, (input) => reportMaintenance(deps, input)),
    unlockRepository: (input) => runActivity(deps, (context) => unlockRepository(deps, input, context)),
    initRepository: (input) => runActivity(deps, (context) => initRepository(deps, input, context)),
    listSnapshots: (input) => runActivity(deps, (context) => listSnapshots(deps, input, context)),
    examineHost: () => runActivity(deps, (context) => examineHost(deps, context)),
  };
}
