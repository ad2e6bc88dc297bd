import type { Check } from '../../contract/verify.ts';
import { listSome } from '../databases/compare-rows.ts';
import type { PhaseContext } from '../phase.ts';
import { verifyTree } from '../restore/verify-tree.ts';
import type { Manifest } from '../stage/manifest.ts';

/** Compares a tree with its manifest, as one check. */
export async function compareTree(
  { name, directory, manifest }: { name: string; directory: string; manifest: Manifest },
  context: PhaseContext,
): Promise<Check> {
  const { files, bytes, problems } = await verifyTree({ directory, manifest }, context);
  const expected = `${files} files, ${bytes} bytes`;
  if (problems.length === 0) return { name, status: 'pass', expected, actual: expected };
  const message = listSome(problems.map(({ path, problem }) => `${path} ${problem}`.slice(0, 300)));
  return { name, status: 'fail', expected, actual: `${problems.length} differences`, message };
}
