import { join } from 'node:path';
import { PhaseError } from '../phase-error.ts';
import { ancestorsOf, bytePath } from '../stage/byte-path.ts';
import { kindBeneath } from '../stage/open-beneath.ts';

/**
 * Absolute path of a regular file in a restored tree, or of a directory.
 *
 * @param path relative to the tree
 * @throws {PhaseError} DumpRejected when it is missing, or when it or a directory on the way is anything else, such as a symbolic
 * link: it would be another file
 */
export async function restoredFile(tree: string, path: string, wanted: 'file' | 'directory' = 'file'): Promise<string> {
  const root = bytePath(tree);
  const relative = bytePath(path);
  for (const directory of ancestorsOf(relative).toReversed()) {
    const kind = await kindBeneath(root, directory);
    if (kind !== undefined && kind !== 'directory') throw rejected(`${path} lies behind a ${kind}`);
  }
  const kind = await kindBeneath(root, relative);
  if (kind === undefined) throw rejected(`${path} is missing`);
  if (kind !== wanted) throw rejected(`${path} is a ${kind}, not a ${wanted}`);
  return join(tree, path);
}

function rejected(what: string): PhaseError {
  return new PhaseError('DumpRejected', `${what} in the backup. Restore another snapshot.`);
}
