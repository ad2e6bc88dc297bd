import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type HashOptions, hashFile } from '../../../stage/copy-file.ts';
import { syncDirectory, writeDurably } from '../../../stage/write-durably.ts';
import { CHAIN_NAME, type Chain, chainFiles, type KeptChain, keptChainSchema, type Seal } from './chain.ts';
import { OVERLAY_NAME } from './overlay.ts';

/** So long a file that nobody touched is taken for what was written to it. */
const HASH_INTERVAL_MS = 7 * 24 * 60 * 60 * 1000;

/** What was found where a chain is kept. `broken` continues "the chain …". */
export type FoundChain = { kept: KeptChain } | { broken: string } | undefined;

/** Directory of the files of a chain. Each base has its own, so that the old chain stays until the new one counts. */
export function chainDirectory(directory: string, { id }: Pick<Chain, 'id'>): string {
  return join(directory, id);
}

/**
 * Reads the chain of a source, and looks whether its files are those that were written. A file that nobody touched is not read again;
 * any other is hashed, and once a week each is.
 *
 * @throws the signal's reason, or the system error
 */
export async function loadChain(directory: string, source: string, options: HashOptions): Promise<FoundChain> {
  const text = await readText(directory);
  if (text === undefined) return undefined;
  const kept = parse(text);
  if (kept === undefined) return { broken: `has a ${CHAIN_NAME} that this Holdfast did not write` };
  if (kept.chain.source !== source) return { broken: `belongs to ${kept.chain.source}` };
  const isDue = Date.now() - Date.parse(kept.hashed_at) > HASH_INTERVAL_MS;
  const broken = await findDamage(directory, kept, { ...options, isDue });
  if (broken !== undefined) return { broken };
  return { kept: isDue ? { ...kept, hashed_at: new Date().toISOString() } : kept };
}

async function findDamage(
  directory: string,
  kept: KeptChain,
  options: HashOptions & { isDue: boolean },
): Promise<string | undefined> {
  const files = chainDirectory(directory, kept.chain);
  for (const name of localNames(kept)) if ((await sealOf(join(files, name))) === undefined) return `lacks ${name}`;
  for (const file of chainFiles(kept.chain)) {
    const path = join(files, file.name);
    const seal = await sealOf(path);
    if (seal === undefined) return `lacks ${file.name}`;
    if (isSame(seal, kept.seals[file.name]) && !options.isDue) continue;
    const { bytes, sha256 } = await hashFile(path, options);
    if (bytes !== file.bytes || sha256 !== file.sha256) return `has another ${file.name} than was written`;
  }
  return undefined;
}

/** Removes what the description does not name: leavings of runs that died. Without a description, everything. */
export async function sweepChain(directory: string, kept: KeptChain | undefined): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (kept === undefined) return keepOnly(directory, []);
  await keepOnly(directory, [CHAIN_NAME, kept.chain.id]);
  await keepOnly(chainDirectory(directory, kept.chain), [
    ...chainFiles(kept.chain).map(({ name }) => name),
    ...localNames(kept),
    OVERLAY_NAME,
  ]);
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

/** What the description of a chain says; undefined where there is none that can be read. */
export async function readDescription(directory: string): Promise<KeptChain | undefined> {
  const text = await readText(directory);
  return text === undefined ? undefined : parse(text);
}

async function readText(directory: string): Promise<string | undefined> {
  return readFile(join(directory, CHAIN_NAME), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
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

/** Files that are no part of what is backed up. What is in them shows while they are read. */
function localNames({ table, overlay }: KeptChain): string[] {
  if (overlay === undefined) return [table.name];
  // A delta that is still to be written into the overlay may be the first one.
  return [table.name, overlay.bits.name, overlay.pending?.name ?? OVERLAY_NAME];
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
