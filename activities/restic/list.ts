import { z } from 'zod';
import type { SnapshotFile } from '../../contract/restore.ts';
import { PhaseError } from '../phase-error.ts';
import { queryRestic, type ResticBinding } from './invocation.ts';

/** One `node` line of `restic ls --json` (doc/075_scripting.rst). */
const node = z.object({
  path: z.string(),
  type: z.string(),
  size: z.number().default(0),
  permissions: z.string().default(''),
  mtime: z.string().default(''),
});

/**
 * Lists what lies directly in a directory of a snapshot, or the one file that `path` names.
 *
 * @throws {PhaseError} ConfigInvalid when there is nothing at that path
 */
export async function listSnapshot(
  binding: ResticBinding,
  { snapshotId, path }: { snapshotId: string; path: string },
): Promise<SnapshotFile[]> {
  const directory = `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
  const output = await queryRestic(binding, ['ls', '--json', snapshotId, '--', directory]);
  const nodes = output.split('\n').flatMap((line) => {
    const parsed = node.safeParse(line === '' ? undefined : JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  });
  const inside = nodes.filter((found) => found.path !== directory || found.type !== 'dir');
  if (nodes.length === 0 && directory !== '/') {
    throw new PhaseError('ConfigInvalid', `snapshot ${snapshotId.slice(0, 8)} holds no ${directory.slice(1)}.`);
  }
  return inside.map(({ path: found, type, size, permissions, mtime }) => ({
    path: found.slice(1),
    type,
    bytes: size,
    permissions,
    mtime,
  }));
}
