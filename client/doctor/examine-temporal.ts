import type { Configuration } from '../../config/types.ts';
import type { Finding } from '../../contract/inspect.ts';
import { SEARCH_ATTRIBUTES } from '../../contract/names.ts';
import type { Temporal } from '../connect.ts';
import { readRetentionMs } from '../namespace.ts';
import { formatAge, formatCount } from '../rendering/quantities.ts';
import { planSchedules } from '../schedules/apply.ts';
import { hasDifference, type ScheduleStep } from '../schedules/diff.ts';

/** A week of nights is the least that makes `holdfast history` worth looking at. */
const SHORTEST_RETENTION_MS = 7 * 24 * 60 * 60 * 1000;

/** Looks at what Temporal has for a host: history, search attributes, schedules. */
export async function examineTemporal(temporal: Temporal, configuration: Configuration): Promise<Finding[]> {
  const { address, namespace } = temporal.settings;
  const reachable: Finding = { level: 'ok', subject: 'Temporal', message: `answers at ${address}, namespace ${namespace}` };
  const retention = examineRetention(await readRetentionMs(temporal), namespace);
  const attributes = await examineSearchAttributes(temporal);
  const steps = await planSchedules(temporal, configuration, { prune: true });
  return [reachable, retention, attributes, ...examineSchedules(steps)];
}

/** Judges how long Temporal remembers. */
export function examineRetention(retentionMs: number | undefined, namespace: string): Finding {
  const subject = 'Temporal history';
  if (retentionMs === undefined) return { level: 'ok', subject, message: 'its retention may not be looked at' };
  const message = `is kept for ${formatAge(retentionMs)}`;
  if (retentionMs >= SHORTEST_RETENTION_MS) return { level: 'ok', subject, message };
  const advice = `temporal operator namespace update -n ${namespace} --retention 30d`;
  return { level: 'warning', subject, message: `${message} only`, advice };
}

async function examineSearchAttributes({ client }: Temporal): Promise<Finding> {
  const subject = 'search attributes';
  try {
    const { namespace } = client.options;
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
    return judgeSearchAttributes(Object.keys(customAttributes));
  } catch {
    return { level: 'ok', subject, message: 'may not be looked at; runs work without them' };
  }
}

/** Judges which search attributes there are. */
export function judgeSearchAttributes(registered: readonly string[]): Finding {
  const subject = 'search attributes';
  const missing = Object.values(SEARCH_ATTRIBUTES).filter((name) => !registered.includes(name));
  if (missing.length === 0) return { level: 'ok', subject, message: 'are registered' };
  const names = missing.map((name) => `--name ${name} --type Keyword`).join(' ');
  return {
    level: 'warning',
    subject,
    message: `${missing.join(', ')}: not registered, so the Web UI's list says less; backups work without`,
    advice: `start a worker, which registers them, or: temporal operator search-attribute create ${names}`,
  };
}

/** Judges the steps that `apply --prune` would take. */
export function examineSchedules(steps: readonly ScheduleStep[]): Finding[] {
  const subject = 'schedules';
  const paused = steps
    .filter(({ pausedNote, change }) => pausedNote !== undefined && change !== 'delete')
    .map(
      ({ id, pausedNote }): Finding => ({
        level: 'warning',
        subject: `schedule ${id}`,
        message: `is paused${pausedNote === '' ? '' : `: ${pausedNote}`}`,
        advice: `temporal schedule toggle --unpause --reason "…" -s ${id}`,
      }),
    );
  if (!hasDifference(steps)) {
    return [{ level: 'ok', subject, message: `${formatCount(steps.length, 'schedule')}, as the configuration says` }, ...paused];
  }
  const changes = steps.filter(({ change }) => change !== 'unchanged').map(({ id, change }) => `${change} ${id}`);
  const prune = steps.some(({ change }) => change === 'delete') ? ' --prune' : '';
  const message = `differ from the configuration: ${changes.join(', ')}`;
  return [{ level: 'warning', subject, message, advice: `holdfast apply${prune}` }, ...paused];
}
