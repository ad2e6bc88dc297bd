import { access, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Plan } from '../../config/types.ts';
import type { Databases } from '../databases/registry.ts';
import type { PhaseContext } from '../phase.ts';
import { loadLastGoodRun } from './workspace.ts';

/** Room that must be left on the stage's disk beyond what the sources are expected to take. */
export const RESERVE_BYTES = 64 * 1024 * 1024;

/** Bytes that the stage will take: databases are asked, files are taken to be as large as in the last good run. */
export async function estimateStage(databases: Databases, plan: Plan, context: PhaseContext): Promise<number> {
  const lastGood = await loadLastGoodRun(plan);
  let bytes = 0;
  for (const source of plan.sources) {
    const before = lastGood?.phases.find((phase) => phase.name === `stageFiles files/${source.name}`)?.bytes ?? 0;
    bytes += source.kind === 'files' ? before : await databases.of(source).estimateBytes(context);
  }
  return bytes;
}

/** Says that a stage of `bytes` does not fit on its disk, and how far it is from that; undefined when it fits. */
export async function describeLackOfSpace(plan: Plan, bytes: number): Promise<string | undefined> {
  const disk = await statfs(await nearestExisting(plan.stageDirectory));
  const free = disk.bavail * disk.bsize;
  if (free >= bytes + RESERVE_BYTES) return undefined;
  return `the stage of plan ${plan.name} needs about ${toMiB(bytes)} in ${plan.stageDirectory}, and its disk has ${toMiB(free)} free`;
}

/** The directory itself, or the nearest one above it that is there: its disk is the one that a new directory would be on. */
export async function nearestExisting(path: string): Promise<string> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists || path === '/' ? path : nearestExisting(dirname(path));
}

/** For messages, rounded up. */
export function toMiB(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))} MiB`;
}
