import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StageSourceInput } from '../contract/activities.ts';
import { type PhaseResult, type SourceKind, type StageSourceResult, sourceId } from '../contract/backup.ts';
import { noteDump } from './changes/change-notes.ts';
import type { Databases } from './databases/registry.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findPlan } from './open-run.ts';
import type { PhaseContext } from './phase.ts';
import { findSource } from './run/find-source.ts';
import { requireClaim, saveStagedSource } from './run/workspace.ts';
import type { Slots } from './slots.ts';

/** Dumps one database into the stage. Safe to repeat: a dump replaces the one before. */
export function dumpDatabase(kind: Exclude<SourceKind, 'files'>) {
  return async (
    deps: ActivityDependencies & { databases: Databases; dumpSlots: Slots },
    input: StageSourceInput,
    context: PhaseContext,
  ): Promise<Omit<StageSourceResult, keyof PhaseResult>> => {
    const plan = findPlan(deps.configuration, input.run.plan);
    await requireClaim(plan, input.run);
    const source = findSource(plan, kind, input.source);
    const database = deps.databases.of(source);
    const target = join(plan.stageDirectory, database.stagePath());
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const slot = { signal: context.signal, onWait: () => context.report({ phase: 'wait for another dump to end' }) };
    const dump = await deps.dumpSlots.inside(slot, async () => database.dump(target, context));
    await requireClaim(plan, input.run);
    await saveStagedSource(plan, source, { facts: dump.facts, entries: dump.entries ?? [] });
    // Numbers for doctor: a run does not fail for want of them.
    await noteDump(plan, source, input.run, dump).catch(() => undefined);
    return { source: sourceId(source), bytes: dump.bytes, files: dump.entries?.length ?? 1, method: dump.method };
  };
}
