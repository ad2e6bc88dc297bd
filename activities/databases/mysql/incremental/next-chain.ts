import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sourceId } from '../../../../contract/backup.ts';
import type { Programs } from '../../../../process/programs.ts';
import { PhaseError } from '../../../phase-error.ts';
import { hashFile } from '../../../stage/copy-file.ts';
import { together } from '../../../together.ts';
import type { ChainFile } from '../../chain/chain-format.ts';
import { chainDirectory, syncFile } from '../../chain/chain-store.ts';
import type { ChainPlace } from '../../chain/stage-chain.ts';
import { hashPatched, PATCH_WINDOW } from '../../chain/zstd.ts';
import { baseName, type Delta, type KeptChain, patchBytes, patchesOf, patchName, textName } from './chain.ts';
import { copyRange, findCuts } from './split-text.ts';

/** A restore by Holdfast composes them; by the script beside them, each makes the whole text once. */
const MAX_DELTAS = 60;

/** Parts are no longer: zstd needs memory for one and for the text that it is compared with, and its window ends at 2 GiB. */
export const MAX_PART_BYTES = 256 * 1024 ** 2;

export interface ChainJob extends ChainPlace {
  programs: Programs;
  /** The new dump: a file that becomes the chain's. */
  text: ChainFile;
  /** Family and version of the server. */
  server: string;
  maxPartBytes: number;
}

/** A chain whose files are whole and on the disk, and which does not count yet; and how it was made, for the operator. */
export interface NextChain {
  kept: KeptChain;
  how: string;
}

/** Begins a chain with the new dump, or goes on with the one that is there. @throws {PhaseError} DumpRejected, DiskFull */
export async function makeNext(job: ChainJob, kept: KeptChain | undefined): Promise<NextChain> {
  if (kept === undefined) return newChain(job, 'incremental, new base');
  job.context.report({ phase: 'compare', bytesTotal: job.text.bytes });
  const because = whyNoDelta(job, kept);
  if (because !== undefined) return newChain(job, `incremental, new base, because ${because}`);
  if (kept.chain.dump.sha256 === job.text.sha256) {
    await rm(job.text.name);
    return { kept, how: 'incremental, unchanged' };
  }
  return extendChain(job, kept);
}

function whyNoDelta({ server, settings }: ChainJob, { chain }: KeptChain): string | undefined {
  if (chain.server !== server) return `the chain is of ${chain.server}, and the server is ${server}`;
  if (chain.deltas.length >= MAX_DELTAS) return `there are ${MAX_DELTAS} patches`;
  if (patchBytes(chain) >= settings.rebaseRatio * baseBytes(chain.base)) return 'the patches have reached `rebase_at`';
  return undefined;
}

async function newChain(job: ChainJob, how: string): Promise<NextChain> {
  const id = randomBytes(8).toString('hex');
  const files = chainDirectory(job.settings.directory, { id });
  await mkdir(files, { recursive: true, mode: 0o700 });
  const parts = await cutText(job, files, baseName);
  await syncParts(parts);
  const base = await keepText(job, files, parts);
  const { bytes, sha256 } = job.text;
  const dump = { bytes, sha256 };
  const chain = { version: 1 as const, id, source: sourceId(job.source), server: job.server, base, deltas: [], dump };
  return { kept: { chain, texts: base, seals: {}, hashed_at: new Date().toISOString() }, how };
}

async function extendChain(job: ChainJob, kept: KeptChain): Promise<NextChain> {
  const { chain } = kept;
  const files = chainDirectory(job.settings.directory, chain);
  const number = chain.deltas.length + 1;
  const parts = await cutText(job, files, (part) => textName(number, part));
  // A disk is slow, and zstd need not wait for it.
  const [delta] = await together(
    job.context.signal,
    (signal) => makeDelta({ ...job, context: { ...job.context, signal } }, kept, parts),
    () => syncParts(parts),
  );
  const deltas = [...chain.deltas, delta];
  // What was made for the chain before goes with it.
  if (patchBytes({ deltas }) > job.settings.rebaseRatio * baseBytes(chain.base)) return newChain(job, OUTGROWN);
  const written = await keepText(job, files, parts);
  const texts = written.map((text, part) => {
    const { from, patch } = delta.parts[part] ?? {};
    return patch === undefined ? (kept.texts[from ?? 0] ?? text) : text;
  });
  const { bytes, sha256 } = job.text;
  const added = patchesOf(delta).reduce((sum, patch) => sum + patch.bytes, 0);
  return {
    kept: { ...kept, chain: { ...chain, deltas, dump: { bytes, sha256 } }, texts },
    how: `incremental, a patch of ${added} bytes`,
  };
}

/** Makes the patches of a dump that is not as the one before. */
async function makeDelta(job: ChainJob, { chain, texts }: KeptChain, parts: readonly Part[]): Promise<Delta> {
  const files = chainDirectory(job.settings.directory, chain);
  const delta: Delta = { parts: [] };
  for (const [part, text] of parts.entries()) {
    const same = texts.findIndex(({ sha256 }) => sha256 === text.sha256);
    const from = same >= 0 ? same : Math.min(part, texts.length - 1);
    if (same >= 0) {
      delta.parts.push({ from });
      continue;
    }
    const before = join(files, texts[from]?.name ?? '');
    const path = join(files, patchName(chain.deltas.length + 1, part));
    delta.parts.push({ from, patch: await makePatch(job, { before, text, path }) });
  }
  return delta;
}

const OUTGROWN = 'incremental, new base, because so much has changed that the patches would exceed `rebase_at`';

/** A part of the new dump, and where it lies until it is kept. */
interface Part extends ChainFile {
  path: string;
}

/** Cuts the new dump where it is too long. The dump itself stays. */
async function cutText(job: ChainJob, files: string, nameOf: (part: number) => string): Promise<Part[]> {
  const { context, maxPartBytes, text } = job;
  const { signal } = context;
  const cuts = await findCuts(text.name, { bytes: text.bytes, maxBytes: maxPartBytes, signal });
  if (cuts.length === 1) return [{ ...text, name: nameOf(0), path: text.name }];
  const parts: Part[] = [];
  for (const [part, start] of cuts.entries()) {
    context.report({ phase: 'cut', bytesDone: start, bytesTotal: text.bytes });
    const name = nameOf(part);
    const path = join(files, name);
    const end = cuts[part + 1] ?? text.bytes;
    parts.push({ name, path, ...(await copyRange({ from: text.name, to: path }, { start, end }, signal)) });
  }
  return parts;
}

async function syncParts(parts: readonly Part[]): Promise<void> {
  for (const { path } of parts) await syncFile(path);
}

/** Makes the parts of the new dump files of the chain, and removes the dump where they are copies. */
async function keepText({ text }: ChainJob, files: string, parts: readonly Part[]): Promise<ChainFile[]> {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) await rename(text.name, join(files, first.name));
  else await rm(text.name);
  return parts.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 }));
}

/** Makes a patch, brings it to the disk, and proves that it gives the text. */
async function makePatch(
  { context, programs, source }: ChainJob,
  { before, text, path }: { before: string; text: Part; path: string },
): Promise<ChainFile> {
  context.report({ phase: 'compare', bytesTotal: text.bytes });
  const { exitCode, stderr } = await programs.run({
    program: 'zstd',
    args: ['-q', '-1', '-f', PATCH_WINDOW, `--patch-from=${before}`, text.path, '-o', path],
    signal: context.signal,
    killAfterMs: 500,
  });
  if (exitCode !== 0) {
    const type = /no space left|quota/i.test(stderr) ? 'DiskFull' : 'DumpRejected';
    throw new PhaseError(
      type,
      `${sourceId(source)}: zstd cannot make the patch ${path}: ${stderr.trim()}. The backup is tried again.`,
    );
  }
  await syncFile(path);
  context.report({ phase: 'verify', bytesTotal: text.bytes });
  const given = await hashPatched(programs, { from: before, patch: path }, context.signal);
  if ('refused' in given || given.sha256 !== text.sha256) {
    const why = 'refused' in given ? given.refused.trim() : `it gives a text with SHA-256 ${given.sha256}`;
    throw new PhaseError(
      'DumpRejected',
      `${sourceId(source)}: the patch ${path} does not give the dump: ${why}. Check the disk.`,
    );
  }
  return { name: basename(path), ...(await hashFile(path, context)) };
}

function baseBytes(base: readonly ChainFile[]): number {
  return base.reduce((sum, { bytes }) => sum + bytes, 0);
}
