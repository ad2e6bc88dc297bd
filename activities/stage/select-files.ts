import { realpath, stat } from 'node:fs/promises';
import type { FilesSource } from '../../config/types.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { ancestorsOf, type BytePath, bytePath, components, displayPath, isWithin, joinPath, toBuffer } from './byte-path.ts';
import { type EntryKind, kindBeneath, listBeneath } from './open-beneath.ts';
import { compileExclusions, compileGlob, type Exclusion, type Glob, isExcludedWithin, unescapePattern } from './path-patterns.ts';
import { LeavesRoot, type ResolvedPath, resolveBeneath } from './resolve-path.ts';
import { type SourceProblems, sourceTrouble, throwProblems } from './source-problems.ts';

export type StagedKind = Exclude<EntryKind, 'special'>;

export interface Selection {
  /** Real path of the source's base. */
  root: BytePath;
  /** By path relative to root, sorted, so that a directory comes ahead of what it holds. The root itself is the empty path. */
  entries: { path: BytePath; kind: StagedKind }[];
}

interface Search {
  readonly source: FilesSource;
  readonly root: BytePath;
  readonly excludes: Exclusion;
  readonly context: PhaseContext;
  readonly found: Map<BytePath, StagedKind>;
  readonly problems: SourceProblems;
}

/** What is looked for below a directory: everything, or what a glob matches, relative to `base`. */
type Wanted = { readonly glob: Glob; readonly base: BytePath } | 'everything';

/**
 * Finds what the paths and globs of a source select. Symbolic links are never followed, excluded directories never entered,
 * directories above a selected path belong to it.
 *
 * @throws {PhaseError} SourceMissing naming everything that is missing or unreadable; ConfigInvalid for a path that leaves base
 */
export async function selectFiles(source: FilesSource, context: PhaseContext): Promise<Selection> {
  const search: Search = {
    source,
    root: await openRoot(source),
    excludes: compileExclusions(source.exclude),
    context,
    found: new Map([['' as BytePath, 'directory']]),
    problems: { missing: [], unreadable: [] },
  };
  for (const pattern of source.paths) if (!(await take(search, pattern))) search.problems.missing.push(pattern);
  for (const pattern of source.optionalPaths) await take(search, pattern);
  throwProblems(source, search.problems);
  const entries = [...search.found].map(([path, kind]) => ({ path, kind }));
  return { root: search.root, entries: entries.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

async function openRoot(source: FilesSource): Promise<BytePath> {
  try {
    const root = await realpath(source.base, { encoding: 'buffer' });
    if ((await stat(root)).isDirectory()) return bytePath(root);
  } catch (error) {
    sourceTrouble(error);
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new PhaseError(
      'SourceMissing',
      `files/${source.name}: base ${source.base} cannot be used (${code}). Is it mounted, and may the worker enter it?`,
    );
  }
  throw new PhaseError('SourceMissing', `files/${source.name}: base ${source.base} is not a directory. Name one as \`base\`.`);
}

/** Adds what one entry of `paths` selects. Returns whether there was anything. */
async function take(search: Search, pattern: string): Promise<boolean> {
  search.context.report({ phase: 'list', currentItem: pattern });
  requireRelative(search.source, pattern);
  const unreadable = search.problems.unreadable.length;
  // A file that is really called `a[1].yml` comes ahead of what the brackets would mean.
  const hasMatch = (await takePath(search, pattern)) || (await takePattern(search, pattern));
  return hasMatch || search.problems.unreadable.length > unreadable;
}

async function takePattern(search: Search, pattern: string): Promise<boolean> {
  const glob = compileGlob(pattern);
  if (glob !== undefined) return takeGlob(search, glob, pattern);
  return pattern.includes('\\') && takePath(search, unescapePattern(pattern));
}

async function takePath(search: Search, written: string): Promise<boolean> {
  const resolved = await resolve(search, written, written);
  if (resolved === undefined) return false;
  const { path, links } = resolved;
  const kind = await kindOrTrouble(search, path);
  if (kind === undefined || isExcludedWithin(search.excludes, path, kind === 'directory')) return false;
  for (const link of links) add(search, link, 'symlink');
  add(search, path, kind);
  if (kind === 'directory') await visit(search, path, 1, 'everything');
  if (kind === 'symlink') await warnOfTarget(search, path);
  return true;
}

/** A path that someone wrote down and that is a link gives less than it seems to. */
async function warnOfTarget(search: Search, path: BytePath): Promise<void> {
  const target = await realpath(toBuffer(joinPath(search.root, path)), { encoding: 'buffer' }).then(bytePath, () => undefined);
  if (target !== undefined && isWithin(search.root, target)) return;
  search.context.warn(
    `files/${search.source.name}: ${displayPath(path)} is a symbolic link to a place outside of base ${search.source.base}` +
      `${target === undefined ? ' that does not exist' : ` (${displayPath(target)})`}: the link is kept, what it points to is not.`,
  );
}

async function takeGlob(search: Search, glob: Glob, pattern: string): Promise<boolean> {
  // The last component is resolved too: it is a directory that is searched, not something to be kept as it is.
  const resolved = await resolve(search, `${glob.base}/*`, pattern);
  if (resolved === undefined) return false;
  const base = resolved.path.slice(0, -1).replace(/\/$/, '') as BytePath;
  if (base !== '' && isExcludedWithin(search.excludes, base, true)) return false;
  if ((await kindOrTrouble(search, base)) !== 'directory') return false;
  const hasMatch = await visit(search, base, 1, { glob, base });
  if (hasMatch) for (const link of resolved.links) add(search, link, 'symlink');
  return hasMatch;
}

/** Walks a directory. Returns whether something in it was wanted. */
async function visit(search: Search, directory: BytePath, depth: number, wanted: Wanted): Promise<boolean> {
  let hasMatch = false;
  for (const { name, kind } of await list(search, directory)) {
    search.context.signal.throwIfAborted();
    const path = joinPath(directory, name);
    const isDirectory = kind === 'directory';
    if (search.excludes(path, isDirectory)) continue;
    const isWanted = wanted === 'everything' || wanted.glob.matches(below(wanted.base, path), isDirectory);
    if (isWanted) {
      hasMatch = true;
      add(search, path, kind);
    }
    if (!isDirectory) continue;
    if (isWanted) await visit(search, path, depth + 1, 'everything');
    else if (depth < wanted.glob.maxDepth) hasMatch = (await visit(search, path, depth + 1, wanted)) || hasMatch;
  }
  return hasMatch;
}

async function list(search: Search, directory: BytePath): ReturnType<typeof listBeneath> {
  try {
    return await listBeneath(search.root, directory);
  } catch (error) {
    const trouble = sourceTrouble(error);
    if (trouble.kind === 'unreadable') search.problems.unreadable.push({ path: directory, code: trouble.code });
    else search.context.warn(`files/${search.source.name}: ${displayPath(directory)} vanished while it was listed.`);
    return [];
  }
}

async function kindOrTrouble(search: Search, path: BytePath): Promise<EntryKind | undefined> {
  try {
    return await kindBeneath(search.root, path);
  } catch (error) {
    const trouble = sourceTrouble(error);
    if (trouble.kind === 'unreadable') search.problems.unreadable.push({ path, code: trouble.code });
    return undefined;
  }
}

function add(search: Search, path: BytePath, kind: EntryKind): void {
  if (kind === 'special') {
    search.context.warn(`files/${search.source.name}: ${displayPath(path)} is a socket, FIFO or device and was skipped.`);
    return;
  }
  search.found.set(path, kind);
  for (const ancestor of ancestorsOf(path)) search.found.set(ancestor, 'directory');
}

async function resolve(search: Search, written: string, pattern: string): Promise<ResolvedPath | undefined> {
  try {
    return await resolveBeneath(search.root, bytePath(written));
  } catch (error) {
    if (!(error instanceof LeavesRoot)) {
      const trouble = sourceTrouble(error);
      if (trouble.kind === 'unreadable') search.problems.unreadable.push({ path: bytePath(written), code: trouble.code });
      return undefined;
    }
    throw new PhaseError(
      'ConfigInvalid',
      `files/${search.source.name}: path ${JSON.stringify(pattern)} leads through the symbolic link ${displayPath(error.link)} to ` +
        `${displayPath(error.target)}, outside of base ${search.source.base}. Back that place up as a files source with its own base.`,
    );
  }
}

function requireRelative(source: FilesSource, pattern: string): void {
  if (!pattern.startsWith('/') && !components(bytePath(pattern)).includes('..' as BytePath)) return;
  throw new PhaseError(
    'ConfigInvalid',
    `files/${source.name}: path ${JSON.stringify(pattern)} must be relative to base ${source.base} and without \`..\`.`,
  );
}

function below(base: BytePath, path: BytePath): BytePath {
  return (base === '' ? path : path.slice(base.length + 1)) as BytePath;
}
