/**
 * Makes the dump of a chain in one pass, whatever the number of its patches: they are composed first, as lists of copies, and what they
 * come to is written once.
 *
 * What must never be here: a dump that counts by itself. Whoever asks compares its SHA-256, and zstd is there for what is not taken.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PhaseContext } from '../../../../phase.ts';
import type { HashResult } from '../../../../stage/copy-file.ts';
import { demand } from '../../../zstd-frame/unreadable-patch.ts';
import type { Chain } from '../chain.ts';
import { type Lineage, lineages, type ReplayStage } from '../replay-script.ts';
import { Composition } from './composition.ts';
import { TextFile } from './text-file.ts';

const SPARE_BYTES = 64 * 1024 ** 2;

interface Places {
  /** Of the chain. */
  directory: string;
  /** Empty, for what is needed on the way; emptied by the caller. */
  work: string;
  /** A new file. */
  target: string;
  /** So much more than the dump itself may be needed on the way: for texts before it, and for what patches bring. For tests. */
  spareBytes?: number;
}

/** What a chain says of its dump. */
interface PlannedDump {
  stages: readonly ReplayStage[];
  dump: Chain['dump'];
}

/** @throws {UnreadablePatch} for whatever zstd may do, or refuse, better; {Error} of the system; the signal's reason */
export async function composeDump(places: Places, { stages, dump }: PlannedDump, context: PhaseContext): Promise<HashResult> {
  const all = lineages(stages);
  const patches = all.reduce((sum, lineage) => sum + lineage.patches.length, 0);
  let applied = 0;
  const onPatch = () => context.report({ phase: 'replay', percent: Math.floor((50 * applied++) / patches) });
  const maxBytes = dump.bytes + (places.spareBytes ?? SPARE_BYTES);
  const job = { ...places, maxBytes, signal: context.signal, onPatch };
  const onProgress = (bytes: number) => context.report({ phase: 'replay', percent: 50 + Math.floor((50 * bytes) / dump.bytes) });
  const file = await TextFile.create(places.target);
  try {
    for (const lineage of all) {
      const composition = await compose(job, lineage);
      try {
        demand(file.bytes + composition.bytes <= dump.bytes, 'patches that give more than the dump');
        await composition.writeTo(file, { signal: context.signal, onProgress });
      } finally {
        composition.close();
      }
    }
    return await file.end();
  } finally {
    await file.close();
  }
}

interface Job extends Places {
  maxBytes: number;
  signal: AbortSignal;
  onPatch: () => void;
}

/** Applies all patches of a text. What comes of it is to be closed. */
async function compose(job: Job, { base, patches }: Lineage): Promise<Composition> {
  const { directory, onPatch, signal } = job;
  let composition = begin(job, join(directory, base));
  try {
    for (const patch of patches) {
      onPatch();
      if (composition.isLarge) {
        const settled = await settle(composition, job);
        composition.close();
        composition = settled;
      }
      await composition.apply(join(directory, patch), signal);
    }
    return composition;
  } catch (error) {
    composition.close();
    throw error;
  }
}

function begin({ work, maxBytes }: Job, base: string): Composition {
  return new Composition({ base, brought: join(work, 'brought'), maxBytes });
}

/** Writes a text down, and begins with it anew. */
async function settle(composition: Composition, job: Job): Promise<Composition> {
  const path = join(job.work, 'text');
  const file = await TextFile.create(path);
  try {
    await composition.writeTo(file, job);
    await file.end();
  } finally {
    await file.close();
  }
  const settled = begin(job, path);
  // It has the file open.
  await rm(path);
  return settled;
}
