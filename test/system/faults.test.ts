import type { Cell } from './faults/cell.ts';
import { describeCells } from './faults/matrix.ts';
import { BACKUP, DRILL, RESTORE_IN_PLACE } from './faults/phases.ts';

// The part of the matrix that every change has to pass; `npm run test:faults` is the whole of it.
const CELLS: Cell[] = [
  [BACKUP, 'kill worker', 'middle', 'createSnapshot'],
  [BACKUP, 'kill server', 'middle', 'dumpSqlite tracker'],
  [BACKUP, 'kill child', 'middle', 'dumpMysql tracker'],
  [BACKUP, 'kill child', 'middle', 'forgetSnapshots'],
  [BACKUP, 'stop worker', 'end', 'createSnapshot'],
  [BACKUP, 'kill worker', 'end', 'beforeDump'],
  [BACKUP, 'terminate', 'middle', 'dumpSqlite tracker'],
  [BACKUP, 'cancel', 'middle', 'createSnapshot'],
  [DRILL, 'terminate', 'middle', 'verifyFiles'],
  [RESTORE_IN_PLACE, 'kill worker', 'middle', 'putBack sqlite/tracker'],
  [RESTORE_IN_PLACE, 'terminate', 'middle', 'putBack files/config'],
];

describeCells('faults', CELLS);
