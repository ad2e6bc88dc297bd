import { describeSoak } from '../faults/soak.ts';

describeSoak({ seed: 20261123, runs: 100 });
