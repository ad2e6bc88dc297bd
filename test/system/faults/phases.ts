/** Programs that a phase has as children; any of them may be killed. Of a phase without, there is no child to kill. */
type Programs = readonly string[];

/** What is struck: a workflow with its input, and its phases in the order in which they start. */
export interface Subject {
  /** Name in the table. */
  title: string;
  workflow: string;
  input: object;
  phases: Readonly<Record<string, Programs>>;
  /** Phases in which a cancel comes too late: nothing that could be left out comes after them. */
  last: readonly string[];
}

const MARIADB_CLIENTS: Programs = ['mariadb', 'mariadb-dump'];

export const BACKUP: Subject = {
  title: 'backup',
  workflow: 'backup',
  input: { plan: 'tracker' },
  phases: {
    openRun: ['restic', 'sqlite3', 'mariadb'],
    probeRepository: ['restic'],
    beforeDump: ['sh'],
    'stageFiles config': [],
    'dumpSqlite tracker': ['sqlite3'],
    'dumpMysql tracker': MARIADB_CLIENTS,
    afterDump: ['sh'],
    sealStage: [],
    createSnapshot: ['restic'],
    writeArchive: ['tar'],
    forgetSnapshots: ['restic'],
    rotateArchives: [],
    cleanUpStage: [],
    reportRun: [],
  },
  last: ['rotateArchives', 'cleanUpStage', 'reportRun'],
};

export const DRILL: Subject = {
  title: 'verifyRestore',
  workflow: 'verifyRestore',
  input: { plan: 'tracker' },
  phases: {
    openDrill: ['restic'],
    restoreForDrill: ['restic'],
    verifyFiles: [],
    'verifyDatabase sqlite/tracker': ['sqlite3'],
    'verifyDatabase mysql/tracker': ['mariadbd', 'mariadb'],
    verifyArchive: ['tar'],
    judgeDrill: [],
    closeDrill: [],
    reportDrill: [],
  },
  last: ['judgeDrill', 'closeDrill', 'reportDrill'],
};

export const RESTORE_IN_PLACE: Subject = {
  title: 'restore in place',
  workflow: 'restore',
  input: { plan: 'tracker', in_place: true, confirmed: true },
  phases: {
    openRestore: ['restic'],
    fetchTree: ['restic'],
    compareTree: [],
    'putBack files/config': [],
    'putBack sqlite/tracker': ['sqlite3'],
    closeRestore: [],
  },
  last: ['putBack sqlite/tracker', 'closeRestore'],
};

export const LOAD: Subject = {
  title: 'restore into MariaDB',
  workflow: 'restore',
  input: { plan: 'tracker', load: 'mysql/tracker', confirmed: true },
  phases: { 'loadDump mysql/tracker': MARIADB_CLIENTS },
  last: ['loadDump mysql/tracker'],
};
