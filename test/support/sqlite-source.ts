import type { SqliteSource } from '../../config/types.ts';

/** A source with the settings that holdfast.yaml has by default. */
export function sqliteSource(path: string, settings: Partial<SqliteSource> = {}): SqliteSource {
  return { kind: 'sqlite', name: 'tracker', path, method: 'auto', allowWriterStall: false, maxShrinkRatio: 0.5, ...settings };
}
