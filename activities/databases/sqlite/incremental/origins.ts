import { open } from 'node:fs/promises';
import { readFully, writeFully } from './file-bytes.ts';

/**
 * Of pages that SQLite rebuilt since the base: which pages of the base have most of their cells. It only says where to look, so it is never
 * synced, and whatever it says does no harm.
 */
export const ORIGINS_NAME = 'origins';

/** That are kept of a page. */
const ORIGINS = 3;

/** Reads the origins of all pages of a database; 12 bytes of memory for each page. @throws the system error */
export async function readOrigins(path: string, pages: number): Promise<SharedArrayBuffer> {
  const memory = new SharedArrayBuffer(pages * ORIGINS * Uint32Array.BYTES_PER_ELEMENT);
  const file = await open(path, 'a+', 0o600);
  try {
    await readFully(file, Buffer.from(memory), 0);
  } finally {
    await file.close();
  }
  return memory;
}

/** What cannot be written is lost, which makes later deltas larger and nothing wrong. */
export async function saveOrigins(path: string, memory: SharedArrayBuffer): Promise<void> {
  await write(path, memory).catch(() => undefined);
}

async function write(path: string, memory: SharedArrayBuffer): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await writeFully(file, Buffer.from(memory), 0);
  } finally {
    await file.close();
  }
}

/** Looks into origins and notes some, as several threads do at once. */
export class Origins {
  readonly #numbers: Uint32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Uint32Array(memory);
  }

  /** Pages of the base, from 1. */
  of(pageNumber: number): number[] {
    const start = (pageNumber - 1) * ORIGINS;
    return [...this.#numbers.subarray(start, start + ORIGINS)].filter((origin) => origin > 0);
  }

  /** Takes as many as are kept, from the first. */
  note(pageNumber: number, origins: readonly number[]): void {
    const start = (pageNumber - 1) * ORIGINS;
    for (let index = 0; index < ORIGINS; index++) this.#numbers[start + index] = origins[index] ?? 0;
  }
}
