import { progressOf, reflink } from '../pin-and-copy.ts';
import { copyPlain } from '../plain-file.ts';
import { type PinJob, type Pinned } from '../while-pinned.ts';
import { requireShortStall } from '../writer-stall.ts';
import { WholeHashThread } from './hash-threads.ts';
import { PacedWriter } from './paced-writer.ts';
import { PageTableWriter } from './page-table.ts';
import { type ScannedPages, scanPages } from './scan-pages.ts';

export interface BaseJob extends PinJob {
  pageSize: number;
  /** New files. */
  base: string;
  table: string;
}

export interface WrittenBase extends ScannedPages {
  /** Of the copy, hexadecimal. */
  sha256: string;
  tableSha256: string;
}

/**
 * Copies a pinned database and makes the table of its pages, and lets go of the pin as soon as the copy is there. The digests are those
 * of the bytes that were copied. Nothing is synced yet.
 *
 * @throws {PhaseError} ConfigInvalid when writers would wait too long
 */
export async function writeBase(job: BaseJob, { file, letGo }: Pinned): Promise<WrittenBase> {
  const { base, source } = job;
  const progress = progressOf(job, file);
  const hashLater = async () => {
    await letGo();
    return scan(job, base, { ...progress, bytes: file.bytes });
  };
  if (await reflink(source.path, base)) return hashLater();
  progress.onProgress(0);
  if (!file.isWal) {
    requireShortStall(source, file);
    await copyPlain(source.path, base, progress);
    return hashLater();
  }
  const copy = await PacedWriter.create(base);
  try {
    const written = await scan(job, source.path, { ...progress, bytes: file.bytes }, copy);
    await letGo();
    await copy.finish();
    return written;
  } finally {
    await copy.close();
  }
}

async function scan(
  { pageSize, table: path }: BaseJob,
  from: string,
  options: { bytes: number; signal: AbortSignal; onProgress: (bytesDone: number) => void },
  copy?: PacedWriter,
): Promise<WrittenBase> {
  const table = await PageTableWriter.create(path);
  const whole = new WholeHashThread();
  try {
    const scanned = await scanPages(from, {
      ...options,
      pageSize,
      prepare: async ({ digests, pages }) => {
        await Promise.all([table.append(digests), whole.update(pages.buffer, pages.length)]);
      },
      consume: async ({ pages }) => copy?.append(pages),
    });
    return { ...scanned, sha256: await whole.finish(), tableSha256: table.finish() };
  } finally {
    await Promise.all([table.close(), whole.close()]);
  }
}
