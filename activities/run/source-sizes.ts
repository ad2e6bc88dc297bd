import type { RunRecord } from '../../contract/backup.ts';

/** Bytes by source id, as the phases of a run report them. A source's phase is named `<activity> <source id>`. */
export function sourceSizes({ phases }: Pick<RunRecord, 'phases'>): Record<string, number> {
  const sizes = phases.flatMap(({ name, bytes }) => {
    const [, source] = name.split(' ');
    return source === undefined || bytes === undefined ? [] : [[source, bytes] as const];
  });
  return Object.fromEntries(sizes);
}
