import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../../presence.ts';
import { type HashOptions, hashFile } from '../../stage/copy-file.ts';
import { syncDirectory, writeDurably } from '../../stage/write-durably.ts';
import { CHAIN_NAME, type ChainFormat, type KeptBase, type Seal } from './chain-format.ts';

/** So long a file that nobody touched is taken for what was written to it. */
const HASH_INTERVAL_MS = 7 * 24 * 60 * 60 * 1000;

/** What was found where a chain is kept. `broken` continues "the chain …". */
export type FoundChain<Kept> = { kept: Kept } | { broken: string } | undefined;

/** Directory of the files of a chain. Each base has its own, so that the old chain stays until the new one counts. */
export function chainDirectory(directory: string, { id }: { id: string }): string {
  return join(directory, id);
}

/** Keeps the chains of one kind of database, each below a directory of its own. */
export class ChainStore<Kept extends KeptBase> {
  readonly #format: ChainFormat<Kept>;

  constructor(format: ChainFormat<Kept>) {
    this.#format = format;
  }

  /**
   * Reads the chain of a source, and looks whether its files are those that were written. A file that nobody touched is not read again;
   * any other is hashed, and once a week each is.
   *
   * @throws the signal's reason, or the system error
   */
  async load(directory: string, source: string, options: HashOptions): Promise<FoundChain<Kept>> {
    const text = await readText(directory);
    if (text === undefined) return undefined;
    const kept = this.#parse(text);
    if (kept === undefined && this.#isFormer(text)) return undefined;
    if (kept === undefined) return { broken: `has a ${CHAIN_NAME} that this Holdfast did not write` };
    if (kept.chain.source !== source) return { broken: `belongs to ${kept.chain.source}` };
    const isDue = Date.now() - Date.parse(kept.hashed_at) > HASH_INTERVAL_MS;
    const broken = await this.#findDamage(directory, kept, { ...options, isDue });
    if (broken !== undefined) return { broken };
    return { kept: isDue ? { ...kept, hashed_at: new Date().toISOString() } : kept };
  }

  /** Removes what the description does not name: leavings of runs that died. Without a description, everything. */
  async sweep(directory: string, kept: Kept | undefined): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (kept === undefined) return keepOnly(directory, []);
    const format = this.#format;
    await keepOnly(directory, [CHAIN_NAME, kept.chain.id]);
    await keepOnly(chainDirectory(directory, kept.chain), [
      ...format.files(kept).map(({ name }) => name),
      ...format.localNames(kept),
      ...format.spared,
    ]);
  }

  /**
   * Makes a chain count: its files, then its description, which is replaced in one step. A crash leaves the chain before or this one.
   *
   * @param kept its seals are made anew
   */
  async commit(directory: string, kept: Kept): Promise<void> {
    const files = chainDirectory(directory, kept.chain);
    await syncDirectory(files);
    await syncDirectory(directory);
    const seals: Record<string, Seal> = {};
    for (const { name } of this.#format.files(kept)) {
      const seal = await sealOf(join(files, name));
      if (seal !== undefined) seals[name] = seal;
    }
    await writeDurably(join(directory, CHAIN_NAME), JSON.stringify({ ...kept, seals }));
  }

  /** What the description of a chain says; undefined where there is none that can be read. */
  async read(directory: string): Promise<Kept | undefined> {
    const text = await readText(directory);
    return text === undefined ? undefined : this.#parse(text);
  }

  #parse(text: string): Kept | undefined {
    return this.#format.parse(parseText(text));
  }

  #isFormer(text: string): boolean {
    return this.#format.isFormer?.(parseText(text)) ?? false;
  }

  async #findDamage(directory: string, kept: Kept, options: HashOptions & { isDue: boolean }): Promise<string | undefined> {
    const files = chainDirectory(directory, kept.chain);
    for (const name of this.#format.localNames(kept)) {
      if ((await sealOf(join(files, name))) === undefined) return `lacks ${name}`;
    }
    for (const file of this.#format.files(kept)) {
      const path = join(files, file.name);
      const seal = await sealOf(path);
      if (seal === undefined) return `lacks ${file.name}`;
      if (isSame(seal, kept.seals[file.name]) && !options.isDue) continue;
      const { bytes, sha256 } = await hashFile(path, options);
      if (bytes !== file.bytes || sha256 !== file.sha256) return `has another ${file.name} than was written`;
    }
    return undefined;
  }
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

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readText(directory: string): Promise<string | undefined> {
  return readFile(join(directory, CHAIN_NAME), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** What the file system says of a file; undefined where there is none. */
export async function sealOf(path: string): Promise<Seal | undefined> {
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
  const found = await namesIn(directory);
  for (const name of found) {
    if (!names.includes(name)) await rm(join(directory, name), { recursive: true, force: true });
  }
}
