import { cellsOf, describeCells } from '../faults/matrix.ts';
import { DRILL } from '../faults/phases.ts';
import { FAULTS } from '../faults/strike.ts';

describeCells('drill', cellsOf(DRILL, FAULTS));
