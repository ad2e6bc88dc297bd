import { ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client';
import type { Configuration } from '../../config/types.ts';
import { schedulePrefix } from '../../contract/names.ts';
import type { Temporal } from '../connect.ts';
import { type DesiredSchedule, desiredSchedules } from './desired.ts';
import { type ActualSchedule, diffSchedules, type ScheduleStep } from './diff.ts';

export interface ApplyOptions {
  /** Delete schedules of ours that the configuration no longer asks for. */
  prune: boolean;
}

const CREATED_NOTE = 'Made by holdfast apply';
const UPDATED_NOTE = 'Updated by holdfast apply';

/** The steps that {@link applySchedules} would take. Nothing is changed. */
export async function planSchedules(
  temporal: Temporal,
  configuration: Configuration,
  options: ApplyOptions,
): Promise<ScheduleStep[]> {
  const desired = desiredSchedules(configuration);
  const listed = await listScheduleIds(temporal, schedulePrefix(configuration.host));
  // The list lags behind, so the wanted ones are asked for by name and every candidate is looked at itself.
  const ids = new Set([...desired.map(({ id }) => id), ...listed]);
  const actual = await Promise.all([...ids].map(async (id) => describeSchedule(temporal, id)));
  return diffSchedules(
    desired,
    actual.filter((schedule) => schedule !== undefined),
    options,
  );
}

/**
 * Makes the schedules of a host what its configuration says, and returns what was done. Doing it again changes nothing.
 *
 * A schedule that an operator paused stays paused, with its note. Two of these at the same time may overwrite each other's
 * work with the same content, when they have the same configuration.
 */
export async function applySchedules(
  temporal: Temporal,
  configuration: Configuration,
  options: ApplyOptions,
): Promise<ScheduleStep[]> {
  const steps = await planSchedules(temporal, configuration, options);
  for (const step of steps) await carryOut(temporal, step);
  return steps;
}

async function carryOut(temporal: Temporal, { id, change, desired }: ScheduleStep): Promise<void> {
  if (change === 'create' && desired !== undefined) return createSchedule(temporal, desired);
  if (change === 'update' && desired !== undefined) return updateSchedule(temporal, desired);
  if (change === 'delete') await temporal.client.schedule.getHandle(id).delete();
}

async function createSchedule(temporal: Temporal, desired: DesiredSchedule): Promise<void> {
  try {
    await temporal.client.schedule.create({
      scheduleId: desired.id,
      ...desired.definition,
      memo: { managedBy: 'holdfast' },
      state: { note: CREATED_NOTE },
    });
  } catch (error) {
    // Somebody else was quicker.
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await updateSchedule(temporal, desired);
  }
}

async function updateSchedule({ client }: Temporal, { id, definition }: DesiredSchedule): Promise<void> {
  await client.schedule.getHandle(id).update(({ state }) => ({
    ...definition,
    state: state.paused ? state : { ...state, note: UPDATED_NOTE },
  }));
}

async function listScheduleIds({ client }: Temporal, prefix: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) if (scheduleId.startsWith(prefix)) ids.push(scheduleId);
  return ids;
}

async function describeSchedule({ client }: Temporal, id: string): Promise<ActualSchedule | undefined> {
  try {
    return await client.schedule.getHandle(id).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}
