import { cellsOf, describeCells } from '../faults/matrix.ts';
import { BACKUP } from '../faults/phases.ts';

describeCells('backup: the worker', cellsOf(BACKUP, ['kill worker', 'stop worker']));
