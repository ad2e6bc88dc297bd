import { describeSoak } from '../faults/soak.ts';

describeSoak({ seed: 4711, runs: 100 });
