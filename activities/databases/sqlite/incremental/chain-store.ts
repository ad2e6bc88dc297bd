import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type HashOptions, hashFile } from '../../../stage/copy-file.ts';
import { syncDirectory, writeDurably } from '../../../stage/write-durably.ts';
import { CHAIN_NAME, type Chain, chainFiles, type KeptChain, keptChainSchema, type Seal } from './chain.ts';

/** What was found where a chain is kept. `broken` continues "the chain …". */
export type FoundChain = { kept: KeptChain } | { broken: string } | undefined;

/** Directory of the files of a chain. Each base has its own, so that the old chain stays until the new one counts. */
export function chainDirectory(directory: string, { id }: Pick<Chain, 'id'>): string {
  return join(directory, id);
}

/**
 * Reads the chain of a source, and looks whether its files are those that were written. A file that nobody touched is not read again;
 * any other is hashed.
 *
 * @throws the signal's reason, or the system error
 */
export async function loadChain(directory: string, source: string, options: HashOptions): Promise<FoundChain> {
  const text = await readFile(join(directory, CHAIN_NAME), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const kept = parse(text);
  if (kept === undefined) return { broken: `has a ${CHAIN_NAME} that this Holdfast did not write` };
  if (kept.chain.source !== source) return { broken: `belongs to ${kept.chain.source}` };
  const files = chainDirectory(directory, kept.chain);
  // What is in it shows while it is read.
  if ((await sealOf(join(files, kept.table.name))) === undefined) return { broken: `lacks ${kept.table.name}` };
  for (const file of chainFiles(kept.chain)) {
    const path = join(files, file.name);
    const seal = await sealOf(path);
    if (seal === undefined) return { broken: `lacks ${file.name}` };
    if (isSame(seal, kept.seals[file.name])) continue;
    const { bytes, sha256 } = await hashFile(path, options);
    if (bytes !== file.bytes || sha256 !== file.sha256) return { broken: `has another ${file.name} than was written` };
  }
  return { kept };
}

/** Removes what the description does not name: leavings of runs that died. Without a description, everything. */
export async function sweepChain(directory: string, kept: KeptChain | undefined): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (kept === undefined) return keepOnly(directory, []);
  await keepOnly(directory, [CHAIN_NAME, kept.chain.id]);
  await keepOnly(chainDirectory(directory, kept.chain), [...chainFiles(kept.chain).map(({ name }) => name), kept.table.name]);
}

/**
 * Makes a chain count: its files, then its description, which is replaced in one step. A crash leaves the chain before or this one.
 *
 * @param kept without seals
 */
export async function commitChain(directory: string, kept: Omit<KeptChain, 'seals'>): Promise<void> {
  const files = chainDirectory(directory, kept.chain);
  await syncDirectory(files);
  await syncDirectory(directory);
  const seals: Record<string, Seal> = {};
  for (const { name } of chainFiles(kept.chain)) {
    const seal = await sealOf(join(files, name));
    if (seal !== undefined) seals[name] = seal;
  }
  await writeDurably(join(directory, CHAIN_NAME), JSON.stringify({ ...kept, seals } satisfies KeptChain));
}

/** Brings a file to the disk. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function parse(text: string): KeptChain | undefined {
  try {
    return keptChainSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function sealOf(path: string): Promise<Seal | undefined> {
  const found = await stat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  const { ino, size, mtimeNs, ctimeNs } = found;
  return { inode: String(ino), bytes: String(size), mtime_ns: String(mtimeNs), ctime_ns: String(ctimeNs) };
}

function isSame(seal: Seal, before: Seal | undefined): boolean {
  return JSON.stringify(seal) === JSON.stringify(before);
}

async function keepOnly(directory: string, names: readonly string[]): Promise<void> {
  const found = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of found) {
    if (!names.includes(name)) await rm(join(directory, name), { recursive: true, force: true });
  }
}
