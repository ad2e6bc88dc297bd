import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import type { Configuration, Repository } from '../config/types.ts';
import type { Finding } from '../contract/inspect.ts';
import { nearestExisting } from './run/stage-space.ts';

/** Below this share of free space on a disk a warning is due. */
const LOW_SPACE_RATIO = 0.1;

/** Looks whether the worker can write to each directory that the configuration names, and whether its disk has room. */
export async function examineDirectories(configuration: Configuration): Promise<Finding[]> {
  const local = [...configuration.repositories.values()].map(examineRepositoryDirectory);
  return Promise.all([...directoriesOf(configuration).map(examineDirectory), ...local]).then((groups) => groups.flat());
}

function directoriesOf(configuration: Configuration): { name: string; path: string }[] {
  const archives = [...configuration.plans.values()].flatMap(({ name, archive }) =>
    archive === undefined ? [] : [{ name: `archive directory of ${name}`, path: archive.directory }],
  );
  return [
    { name: 'staging directory', path: configuration.stagingDirectory },
    { name: 'state directory', path: configuration.stateDirectory },
    ...archives,
  ];
}

/** One that is not there is told of by restic; the disk of the directory above may be quite another. */
async function examineRepositoryDirectory({ name, location }: Repository): Promise<Finding[]> {
  const path = location.replace(/^local:/, '');
  if (!path.startsWith('/') || (await nearestExisting(path)) !== path) return [];
  return examineDirectory({ name: `directory of repository ${name}`, path });
}

async function examineDirectory({ name, path }: { name: string; path: string }): Promise<Finding[]> {
  const existing = await nearestExisting(path);
  const isWritable = await access(existing, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable) {
    const advice = "Give the worker's user the right, or move it.";
    return [{ level: 'problem', subject: name, message: `${existing} cannot be written to`, advice }];
  }
  const disk = await statfs(existing);
  const message = `${path}: ${((disk.bavail * disk.bsize) / 1024 ** 3).toFixed(1)} GiB free`;
  const isLow = disk.bavail < disk.blocks * LOW_SPACE_RATIO;
  return [
    isLow
      ? { level: 'warning', subject: name, message, advice: 'Less than a tenth of that disk is free.' }
      : { level: 'ok', subject: name, message },
  ];
}
