import { cellsOf, describeCells } from '../faults/matrix.ts';
import { BACKUP } from '../faults/phases.ts';

describeCells('backup: all but the worker', cellsOf(BACKUP, ['kill child', 'kill server', 'cancel', 'terminate']));
