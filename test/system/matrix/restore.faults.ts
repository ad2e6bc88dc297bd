import { cellsOf, describeCells } from '../faults/matrix.ts';
import { LOAD, RESTORE_IN_PLACE } from '../faults/phases.ts';
import { FAULTS } from '../faults/strike.ts';

describeCells('restore', [...cellsOf(RESTORE_IN_PLACE, FAULTS), ...cellsOf(LOAD, FAULTS)]);
