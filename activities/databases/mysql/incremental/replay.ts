import { createReadStream, createWriteStream } from 'node:fs';
import { appendFile, copyFile, link, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Programs } from '../../../../process/programs.ts';
import type { PhaseContext } from '../../../phase.ts';
import { type HashResult, hashFile } from '../../../stage/copy-file.ts';
import { ReplayFailed } from '../../chain/chain-format.ts';
import { readRestoredChain } from '../../chain/restored-chain.ts';
import { PATCH_WINDOW } from '../../chain/zstd.ts';
import { UnreadablePatch } from '../../zstd-frame/unreadable-patch.ts';
import { type Chain, chainSchema } from './chain.ts';
import { composeDump } from './compose/compose-dump.ts';
import { isBase, type ReplayStage, replayStages } from './replay-script.ts';

interface Place {
  programs: Programs;
  /** Of the restored chain; nothing in it is changed. */
  directory: string;
  target: string;
}

/**
 * Makes the dump of a restored chain, and hashes it: in one pass, or where that gives something else by zstd patch by patch, which needs
 * room for the dump twice. Safe to repeat: it begins anew.
 *
 * @returns size and SHA-256 of what was made, whatever it should be
 * @throws {ReplayFailed}
 */
export async function replayChain({ programs, directory, target }: Place, context: PhaseContext): Promise<HashResult> {
  const chain = await readRestoredChain(directory, chainSchema);
  const stages = stagesOf(chain);
  const work = `${target}.replay`;
  const clear = async () => {
    await rm(work, { recursive: true, force: true });
    await rm(target, { force: true });
    await mkdir(work, { recursive: true, mode: 0o700 });
  };
  await clear();
  let made = await tryToCompose({ directory, work, target }, { stages, dump: chain.dump }, context);
  if (made === undefined) {
    await clear();
    made = await replayByZstd({ programs, directory, work, target }, stages, context);
  }
  await rm(work, { recursive: true, force: true });
  return made;
}

/** Undefined, with a warning, where it does not give the dump. */
async function tryToCompose(
  places: { directory: string; work: string; target: string },
  planned: { stages: ReplayStage[]; dump: Chain['dump'] },
  context: PhaseContext,
): Promise<HashResult | undefined> {
  // A base alone need not be copied.
  if (planned.stages.length === 1) return undefined;
  let why: string;
  try {
    const made = await composeDump(places, planned, context);
    if (made.sha256 === planned.dump.sha256) return made;
    why = `SHA-256 ${made.sha256} instead of ${planned.dump.sha256}`;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isMissing && !(error instanceof UnreadablePatch)) throw error;
    why = (error as Error).message;
  }
  context.warn(
    `${places.directory}: zstd applies its patches one by one, which takes longer, because they could not be composed: ${why}`,
  );
  return undefined;
}

async function replayByZstd(
  { programs, directory, work, target }: Place & { work: string },
  stages: readonly ReplayStage[],
  context: PhaseContext,
): Promise<HashResult> {
  const pathOf = (name: string) => join(isBase(name) ? directory : work, name);
  let before: string[] = [];
  for (const [index, { steps, texts }] of stages.entries()) {
    context.report({ phase: 'replay', percent: Math.floor((100 * index) / stages.length) });
    for (const { from, patch, to } of steps) {
      await applyPatch(programs, { from: pathOf(from), patch: join(directory, patch), to: pathOf(to) }, context.signal);
    }
    for (const name of before) if (!isBase(name) && !texts.includes(name)) await rm(pathOf(name));
    before = texts;
  }
  await putTogether(before.map(pathOf), target, { isOwn: !before.some(isBase), signal: context.signal });
  return hashFile(target, context);
}

function stagesOf(chain: Chain): ReplayStage[] {
  try {
    return replayStages(chain);
  } catch (error) {
    throw new ReplayFailed((error as Error).message, { cause: error });
  }
}

async function applyPatch(
  programs: Programs,
  { from, patch, to }: { from: string; patch: string; to: string },
  signal: AbortSignal,
): Promise<void> {
  const { exitCode, stderr } = await programs.run({
    program: 'zstd',
    args: ['-q', '-d', '-f', PATCH_WINDOW, `--patch-from=${from}`, patch, '-o', to],
    signal,
    killAfterMs: 500,
  });
  if (exitCode !== 0) throw new ReplayFailed(`zstd cannot apply ${patch}: ${stderr.trim()}`);
}

/** Puts parts together. The only one is moved, or linked where it is the chain's own. */
async function putTogether(
  parts: readonly string[],
  target: string,
  { isOwn, signal }: { isOwn: boolean; signal: AbortSignal },
): Promise<void> {
  const [first = '', ...others] = parts;
  if (!(await stat(first).catch(() => undefined))) throw new ReplayFailed(`${first} is missing`);
  if (others.length === 0) {
    if (isOwn) return rename(first, target);
    return link(first, target).catch(() => copyFile(first, target));
  }
  await appendFile(target, '', { mode: 0o600 });
  for (const part of parts) await pipeline(createReadStream(part), createWriteStream(target, { flags: 'a' }), { signal });
}
