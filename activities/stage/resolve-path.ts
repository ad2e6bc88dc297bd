import { readlink } from 'node:fs/promises';
import { type BytePath, bytePath, components, joinPath, parentOf, toBuffer } from './byte-path.ts';
import { kindBeneath } from './open-beneath.ts';

/** As many as Linux follows in one look-up (path_resolution(7)). */
const MAX_LINKS = 40;

export interface ResolvedPath {
  /** Relative to the root; no directory on the way is a symbolic link. The last component itself is not followed. */
  path: BytePath;
  /** Symbolic links that stood for a directory on the way: they belong to the source as well. */
  links: BytePath[];
}

/** A directory on the way is a symbolic link that leads out of the root. */
export class LeavesRoot extends Error {
  override readonly name = 'LeavesRoot';
  readonly link: BytePath;
  readonly target: BytePath;

  constructor(link: BytePath, target: BytePath) {
    super(`${link} leads out of the root, to ${target}`);
    this.link = link;
    this.target = target;
  }
}

/**
 * Finds the real place below `root` of a written path, so that `current/app.yml` with `current -> releases/7` is kept as
 * `releases/7/app.yml` plus the link.
 *
 * @throws {LeavesRoot}, or the system error. A path that does not exist resolves to where it would be.
 */
export async function resolveBeneath(root: BytePath, written: BytePath): Promise<ResolvedPath> {
  const links: BytePath[] = [];
  const pending = components(written);
  const last = pending.pop();
  let path = '' as BytePath;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    const next = joinPath(path, name);
    if ((await kindBeneath(root, next)) !== 'symlink') {
      path = next;
      continue;
    }
    if (links.length === MAX_LINKS) throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
    links.push(next);
    const place = await linkedPlace(root, next);
    // Its target may hold links itself, so it is walked from the root once more.
    pending.unshift(...place);
    path = '' as BytePath;
  }
  return { path: last === undefined ? path : joinPath(path, last), links };
}

/** Components below the root that a link leads to, by its text alone. @throws {LeavesRoot} */
async function linkedPlace(root: BytePath, link: BytePath): Promise<BytePath[]> {
  const target = bytePath(await readlink(toBuffer(joinPath(root, link)), { encoding: 'buffer' }));
  const place = target.startsWith('/') ? [] : components(joinPath(root, parentOf(link)));
  for (const name of components(target)) {
    if (name === '..') place.pop();
    else place.push(name);
  }
  const above = components(root);
  if (above.some((name, index) => place[index] !== name)) throw new LeavesRoot(link, target);
  return place.slice(above.length);
}
