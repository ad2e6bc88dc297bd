import { posix } from 'node:path';
import picomatch from 'picomatch';
import { type Draft, entriesOf, type Partially } from '../draft.ts';
import type { ConfigurationFinding } from '../finding.ts';
import type { DocumentPath } from '../path.ts';
import type { ConfigurationInput } from '../schema.ts';
import type { Check, PlanDraft } from './check.ts';

/** A directory that Holdfast writes to. */
interface OwnDirectory {
  /** How it is named in messages: its path in the file. */
  readonly name: string;
  readonly path: DocumentPath;
  readonly directory: string;
  /** True where everything is Holdfast's to write and delete, so that no source may lie inside. */
  readonly isExclusive: boolean;
}

/** Something that a source reads. */
interface Extent {
  readonly path: DocumentPath;
  /** Absolute path that all of it lies at or below. */
  readonly root: string;
  /** Whether a copy of the source would take this absolute path along. */
  includes(directory: string): boolean;
}

type FilesDraft = Partially<NonNullable<ConfigurationInput['plans'][string]['sources']['files']>[string]>;

/** Neither does one of Holdfast's directories lie in another, nor in a source, nor a source in one of them. */
export const checkDirectories: Check = (draft) => {
  const top = topDirectories(draft);
  const archives = archiveDirectories(draft);
  const repositories = localRepositories(draft);
  const all = [...top, ...archives, ...repositories];
  const extents = entriesOf(draft.file.plans).flatMap(([name, plan]) => extentsOf(name, plan));
  return [
    ...top.flatMap((directory, index) => top.slice(index + 1).flatMap((other) => checkPair(other, directory))),
    ...archives.flatMap((archive) => [...top, ...repositories].flatMap((directory) => checkInside(archive, directory))),
    ...repositories.flatMap((repository) => top.flatMap((directory) => checkInside(repository, directory))),
    ...extents.flatMap((extent) => all.flatMap((directory) => checkExtent(extent, directory))),
  ];
};

function topDirectories({ file }: Draft): OwnDirectory[] {
  return (['staging_directory', 'state_directory', 'restore_directory'] as const).flatMap((name) =>
    ownDirectory(name, [name], file[name], true),
  );
}

function archiveDirectories({ file }: Draft): OwnDirectory[] {
  return entriesOf(file.plans).flatMap(([plan, { archive }]) =>
    ownDirectory(`the archive directory of plan ${plan}`, ['plans', plan, 'archive', 'directory'], archive?.directory, false),
  );
}

function localRepositories({ file }: Draft): OwnDirectory[] {
  return entriesOf(file.repositories).flatMap(([name, { location }]) => {
    const directory = location?.replace(/^local:/, '');
    const local = directory?.startsWith('/') === true ? directory : undefined;
    return ownDirectory(`the repository ${name}`, ['repositories', name, 'location'], local, false);
  });
}

function ownDirectory(name: string, path: DocumentPath, directory: string | undefined, isExclusive: boolean): OwnDirectory[] {
  return directory === undefined ? [] : [{ name, path, directory: normalize(directory), isExclusive }];
}

function checkPair(a: OwnDirectory, b: OwnDirectory): ConfigurationFinding[] {
  const inside = checkInside(a, b);
  return inside.length > 0 ? inside : checkInside(b, a);
}

function checkInside(inner: OwnDirectory, outer: OwnDirectory): ConfigurationFinding[] {
  if (!isAtOrBelow(inner.directory, outer.directory)) return [];
  const relation = inner.directory === outer.directory ? 'is also' : 'lies inside';
  return [{ path: inner.path, message: `"${inner.directory}" ${relation} ${outer.name}; give it a directory of its own` }];
}

function checkExtent(extent: Extent, own: OwnDirectory): ConfigurationFinding[] {
  if (own.isExclusive && isAtOrBelow(extent.root, own.directory)) {
    const message = `"${extent.root}" lies inside ${own.name} "${own.directory}", which is kept for Holdfast itself; move one of them`;
    return [{ path: extent.path, message }];
  }
  if (!extent.includes(own.directory)) return [];
  const message = `takes in ${own.name} "${own.directory}", so that a backup would hold itself; write narrower paths or move that directory`;
  return [{ path: extent.path, message }];
}

function extentsOf(plan: string, { sources }: PlanDraft): Extent[] {
  const path = ['plans', plan, 'sources'];
  const sqlite = entriesOf(sources?.sqlite).flatMap(([name, source]) => {
    if (source.path === undefined) return [];
    const root = normalize(source.path);
    return [{ path: [...path, 'sqlite', name, 'path'], root, includes: (directory: string) => isAtOrBelow(directory, root) }];
  });
  return [...entriesOf(sources?.files).flatMap(([name, source]) => filesExtents(source, [...path, 'files', name])), ...sqlite];
}

function filesExtents(source: FilesDraft, path: DocumentPath): Extent[] {
  const base = source.base === undefined ? undefined : normalize(source.base);
  if (base === undefined) return [];
  return (['paths', 'optional_paths'] as const).flatMap((key) =>
    (source[key] ?? []).flatMap((pattern, index) =>
      pattern === undefined ? [] : [filesExtent(base, pattern, [...path, key, index])],
    ),
  );
}

/** A pattern takes in a directory when it fits the directory itself or one above it: directories are copied whole. */
function filesExtent(base: string, pattern: string, path: DocumentPath): Extent {
  const literal = normalize(posix.join(base, pattern));
  const fits = picomatch(posix.join(pattern, '.').replace(/\/$/, ''), { dot: true });
  return {
    path,
    root: normalize(posix.join(base, staticPart(pattern))),
    includes: (directory) =>
      isAtOrBelow(directory, literal) ||
      (isAtOrBelow(directory, base) && leadingPaths(posix.relative(base, directory)).some((p) => fits(p))),
  };
}

/** `a/b/c` gives `a`, `a/b`, `a/b/c`. */
function leadingPaths(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** The directories of a glob ahead of its first wildcard. */
function staticPart(pattern: string): string {
  const parts = pattern.split('/');
  const wildcard = parts.findIndex((part) => /[*?[{(!]/.test(part));
  return (wildcard === -1 ? parts : parts.slice(0, wildcard)).join('/');
}

function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

function normalize(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal;
}
