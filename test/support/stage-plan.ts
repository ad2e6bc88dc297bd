import { join } from 'node:path';
import type { Plan } from '../../config/types.ts';
import { plan } from './configurations.ts';
import { filesSource } from './stage-place.ts';

/** A plan `tracker` with one files and one SQLite source. */
export function stagePlan(changes: Partial<Plan> & { base: string; stageDirectory: string }): Plan {
  const { base, ...rest } = changes;
  return plan('tracker', {
    sources: [
      filesSource(base),
      { kind: 'sqlite', name: 'main', path: join(base, 'main.db'), method: 'auto', allowWriterStall: false, maxShrinkRatio: 0.5 },
    ],
    ...rest,
  });
}
