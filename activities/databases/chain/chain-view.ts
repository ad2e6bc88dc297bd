import { link, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PhaseContext } from '../../phase.ts';
import { copyFileHashed } from '../../stage/copy-file.ts';
import { writeDurably } from '../../stage/write-durably.ts';
import { CHAIN_NAME, type ChainFile, SCRIPT_NAME } from './chain-format.ts';

/**
 * A view is the directory of a chain as the stage has it: second names of its files, which stay from run to run and move into the
 * stage and out of it with their directory. A link that comes and goes would change a file's ctime each time, and restic reads a
 * file anew whose ctime, inode, size or mtime is not what it was (restic 0.19.1, doc/040_backup.rst, "File change detection").
 */

/** The file system does not link between two places, or not at all. */
const UNLINKABLE = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** What a view shows. */
export interface ViewedChain {
  /** Its description, as it lies beside it. */
  chain: { id: string };
  parts: ChainFile[];
  /** Makes the database of it. */
  script: string;
}

/**
 * Makes a view hold exactly the files of a chain, which need not count yet.
 *
 * @returns whether it had to copy where it should link
 * @throws the signal's reason, or the system error
 */
export async function prepareView(
  { view, files, chain, parts, script }: ViewedChain & { view: string; files: string },
  context: PhaseContext,
): Promise<boolean> {
  await mkdir(view, { recursive: true, mode: 0o700 });
  const isSameChain = (await chainIdOf(view)) === chain.id;
  for (const name of await readdir(view)) {
    const isKept = isSameChain && (name === CHAIN_NAME || parts.some((file) => file.name === name));
    if (!isKept) await rm(join(view, name), { recursive: true, force: true });
  }
  await writeDurably(join(view, CHAIN_NAME), describe(chain));
  let hasCopied = false;
  for (const file of parts) {
    context.signal.throwIfAborted();
    const paths = { from: join(files, file.name), to: join(view, file.name) };
    if (!(await isLaid(paths))) hasCopied = (await lay(paths, file, context)) || hasCopied;
  }
  await writeDurably(join(view, SCRIPT_NAME), script);
  return hasCopied;
}

/** Moves a view into the stage. Nothing is at `target`. */
export async function layView(view: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await rename(view, target);
}

/** Moves a view out of the stage, whatever became of the run; does nothing where there is none. */
export async function retrieveView(target: string, view: string): Promise<void> {
  const found = await stat(target).catch(() => undefined);
  if (found?.isDirectory() !== true) return;
  await mkdir(dirname(view), { recursive: true, mode: 0o700 });
  await rm(view, { recursive: true, force: true });
  await rename(target, view).catch((error: NodeJS.ErrnoException) => {
    // Then it goes with the stage and is made anew: it holds second names only.
    if (error.code !== 'EXDEV') throw error;
  });
}

function describe(chain: ViewedChain['chain']): string {
  return `${JSON.stringify(chain, undefined, 2)}\n`;
}

async function chainIdOf(view: string): Promise<string | undefined> {
  const text = await readFile(join(view, CHAIN_NAME), 'utf8').catch(() => '{}');
  try {
    return (JSON.parse(text) as { id?: string }).id;
  } catch {
    return undefined;
  }
}

/** By inode where it is a link. A copy has its time, and is removed with the chain that it belongs to. */
async function isLaid({ from, to }: { from: string; to: string }): Promise<boolean> {
  const [kept, laid] = await Promise.all([stat(from, { bigint: true }), stat(to, { bigint: true }).catch(() => undefined)]);
  if (laid === undefined) return false;
  if (laid.dev === kept.dev && laid.ino === kept.ino) return true;
  const isCopy = laid.size === kept.size && laid.mtimeMs === kept.mtimeMs;
  if (!isCopy) await rm(to, { force: true });
  return isCopy;
}

async function lay(paths: { from: string; to: string }, file: ChainFile, context: PhaseContext): Promise<boolean> {
  try {
    await link(paths.from, paths.to);
    return false;
  } catch (error) {
    if (!UNLINKABLE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  const { mtime } = await stat(paths.from);
  const partial = `${paths.to}.partial`;
  const onProgress = (bytesDone: number) => context.report({ phase: 'lay', bytesDone, bytesTotal: file.bytes });
  await copyFileHashed(paths.from, partial, { signal: context.signal, onProgress });
  await utimes(partial, mtime, mtime);
  await rename(partial, paths.to);
  return true;
}
