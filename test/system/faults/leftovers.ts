import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOOKS_JOURNAL } from '../../../contract/hooks.ts';
import type { Lane } from './lane.ts';

/** Processes that a worker of the lane started, itself not counted. */
export function childIdsOf(lane: Lane): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== lane.workerPid)
    .filter((pid) => readOrEmpty(`/proc/${pid}/environ`).split('\0').includes(lane.mark))
    .map(Number);
}

/** Their command lines: `sqlite3 …`. */
export function childrenOf(lane: Lane): string[] {
  return childIdsOf(lane)
    .map((pid) => readOrEmpty(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(0, 120))
    .filter((commandLine) => commandLine !== '');
}

/** Everything that a run has no business to leave behind, in words. */
export async function findLeftovers(lane: Lane): Promise<string[]> {
  const { directory, holdfast } = lane;
  const below = (...path: string[]) => namesIn(join(directory, ...path));
  // They are there for an instant whenever anybody on this machine starts a program; what is left is there a while later as well.
  const secrets = new Set(secretFiles());
  const locks = await holdfast.restic('list', 'locks', '--no-lock');
  return [
    ...childrenOf(lane).map((child) => `process: ${child}`),
    ...below('staging').map((name) => `stage: ${name}`),
    ...below('state/plans/tracker/run').map((name) => `working file: ${name}`),
    ...below('state/plans/tracker')
      .filter((name) => name === HOOKS_JOURNAL)
      .map((name) => `debt of hooks: ${name}`),
    ...(existsSync(join(directory, 'service.running')) ? [] : ['the service is stopped']),
    ...below('state/drill').flatMap((plan) => below('state/drill', plan).map((name) => `scratch: ${name}`)),
    ...below('state/restores').map((name) => `record of a restore: ${name}`),
    ...below('restore').map((name) => `restored: ${name}`),
    ...below('archives')
      .filter((name) => !/^tracker-\w+-[0-9a-f]{8}\.tar\.zst$/.test(name))
      .map((name) => `archive: ${name}`),
    ...below('data')
      .filter((name) => name.includes('.restoring-'))
      .map((name) => `draft: ${name}`),
    ...below('tmp').map((name) => `temporary: ${name}`),
    ...secretFiles()
      .filter((name) => secrets.has(name))
      .map((name) => `secret: ${name}`),
    ...locks
      .split('\n')
      .filter((line) => /^[0-9a-f]{64}$/.test(line))
      .map((id) => `lock: ${id.slice(0, 8)}`),
  ];
}

/** Number of snapshots and archives that a run made. */
export async function countBackups(lane: Lane, runId: string): Promise<{ snapshots: number; archives: number }> {
  const snapshots = JSON.parse(await lane.holdfast.restic('snapshots', '--json', '--no-lock')) as { tags?: string[] }[];
  return {
    snapshots: snapshots.filter(({ tags }) => tags?.includes(`run:${runId}`)).length,
    archives: namesIn(join(lane.directory, 'archives')).filter((name) => name.includes(`-${runId.slice(-8)}.tar.`)).length,
  };
}

/** Files that hold a secret have no name any more by the time that they do. */
function secretFiles(): string[] {
  return namesIn('/dev/shm').filter((name) => name.startsWith('.holdfast-'));
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended meanwhile, or is somebody else's.
    return '';
  }
}
