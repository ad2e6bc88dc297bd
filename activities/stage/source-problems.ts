import type { FilesSource } from '../../config/types.ts';
import { PhaseError } from '../phase-error.ts';
import { type BytePath, displayPath } from './byte-path.ts';

/** How many paths a message lists before it only counts them. */
const MAX_LISTED = 20;

/** The name led somewhere else than to the place it stands for: something on the way was replaced. */
export class PathMoved extends Error {
  override readonly name = 'PathMoved';
}

/** What became of a path that was there a moment ago; `unreadable` needs a person, `gone` is the life of a live system. */
export type SourceTrouble = { readonly kind: 'gone' } | { readonly kind: 'unreadable'; readonly code: string };

/** ELOOP: a symbolic link in its place (O_NOFOLLOW); ENXIO: a socket or a FIFO without a writer; ESTALE: removed on an NFS server. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'ESTALE']);

/** Our own shortage says nothing about the source. */
const OURS = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/** Judges an error from reading the source. @throws the same error when it is not about the source. */
export function sourceTrouble(error: unknown): SourceTrouble {
  if (error instanceof PathMoved) return { kind: 'gone' };
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined || OURS.has(code)) throw error;
  return GONE.has(code) ? { kind: 'gone' } : { kind: 'unreadable', code };
}

/** Gathers what is wrong with a source, so that one message tells all of it. */
export interface SourceProblems {
  missing: string[];
  unreadable: { path: BytePath; code: string }[];
}

/** @throws {PhaseError} SourceMissing when there are problems, naming each. */
export function throwProblems(source: FilesSource, problems: SourceProblems): void {
  const sentences: string[] = [];
  if (problems.missing.length > 0) {
    const paths = list(problems.missing.map((pattern) => JSON.stringify(pattern)));
    sentences.push(
      `nothing below ${source.base} matches ${paths}. Correct \`paths\` in holdfast.yaml, or move what may be absent to \`optional_paths\`.`,
    );
  }
  if (problems.unreadable.length > 0) {
    const paths = list(problems.unreadable.map(({ path, code }) => `${displayPath(path)} (${code})`));
    sentences.push(
      `the worker (uid ${process.geteuid?.() ?? 'unknown'}) cannot read ${paths} below ${source.base}. ` +
        'Let its user read them, or list them under `exclude`.',
    );
  }
  if (sentences.length > 0) throw new PhaseError('SourceMissing', `files/${source.name}: ${sentences.join(' Also, ')}`);
}

function list(paths: string[]): string {
  const rest = paths.length - MAX_LISTED;
  return paths.slice(0, MAX_LISTED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
