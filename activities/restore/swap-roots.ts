import type { FilesSource } from '../../config/types.ts';
import { type BytePath, bytePath, components, joinPath, parentOf } from '../stage/byte-path.ts';
import type { Manifest } from '../stage/manifest.ts';
import { entryPath } from '../stage/manifest-entry.ts';
import { compileGlob, unescapePattern } from '../stage/path-patterns.ts';

/**
 * What of a files source is swapped as one: the topmost things that its paths select. A directory that only leads to one is no
 * such thing, and base itself never is: what else lies there belongs to somebody else.
 *
 * @returns paths relative to base
 */
export function swapRoots(source: FilesSource, manifest: Manifest): BytePath[] {
  const isSelected = compileSelection(source);
  const prefix = bytePath(`files/${source.name}/`);
  const roots = new Set<BytePath>();
  const inside = manifest.entries
    .map((entry) => ({ path: entryPath(entry), isDirectory: entry.type === 'directory' }))
    .filter(({ path }) => path.startsWith(prefix))
    .map(({ path, isDirectory }) => ({ path: path.slice(prefix.length) as BytePath, isDirectory }))
    .toSorted((a, b) => components(a.path).length - components(b.path).length);
  for (const { path, isDirectory } of inside) {
    if (hasAncestorIn(roots, path)) continue;
    if (!isDirectory || isSelected(path)) roots.add(path);
  }
  return [...roots].toSorted();
}

function hasAncestorIn(roots: ReadonlySet<BytePath>, path: BytePath): boolean {
  for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) if (roots.has(parent)) return true;
  return false;
}

function compileSelection(source: FilesSource): (path: BytePath) => boolean {
  const patterns = [...source.paths, ...source.optionalPaths];
  const plain = new Set(patterns.map((pattern) => joinPath(...components(bytePath(unescapePattern(pattern))))));
  // Base as a whole stands for everything in it.
  const isAll = plain.has('' as BytePath);
  const globs = patterns.flatMap((pattern) => compileGlob(pattern) ?? []);
  return (path) =>
    plain.has(path) ||
    (isAll && !path.includes('/')) ||
    globs.some((glob) => {
      const start = joinPath(...components(bytePath(glob.base)));
      if (start !== '' && !path.startsWith(`${start}/`)) return false;
      return glob.matches((start === '' ? path : path.slice(start.length + 1)) as BytePath, true);
    });
}
