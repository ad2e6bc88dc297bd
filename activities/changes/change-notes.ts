/**
 * Keeps how much of each database differed from run to run, and what runs stored: numbers for `doctor`, which nothing else relies on.
 *
 * What must never be here: a failure of a run, for want of such a number.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Plan } from '../../config/types.ts';
import type { RunRecord, RunReference, SourceReference } from '../../contract/backup.ts';
import { CHAIN_NAME, SCRIPT_NAME } from '../databases/chain/chain-format.ts';
import type { Dump } from '../databases/database-source.ts';
import { sourceSizes } from '../run/source-sizes.ts';
import { writeDurably } from '../stage/write-durably.ts';
import { changedShare } from './sketch.ts';

const sampleSchema = z.object({ limit: z.number(), entries: z.array(z.string()) });

/** What is compared with the same of the next run: a sample of a full copy, or the sizes of a chain. */
const measureSchema = z.object({
  runId: z.string(),
  sample: sampleSchema.optional(),
  chain: z.object({ base: z.string(), baseBytes: z.number(), deltaBytes: z.number() }).optional(),
});

type Measure = z.infer<typeof measureSchema>;

const noteSchema = z.object({
  runId: z.string(),
  /** The run that it was compared with. */
  sinceRunId: z.string(),
  /** `copy`: the database was laid out in full, and this is by a sample. `chain`: `bytes` is the base, `changedBytes` the new delta. */
  kind: z.enum(['copy', 'chain']),
  bytes: z.number(),
  changedBytes: z.number(),
});

/** How much of a source differed between two runs. */
export type ChangeNote = z.infer<typeof noteSchema>;

const notesSchema = z.object({ measures: z.array(measureSchema), notes: z.array(noteSchema) });

const storedSchema = z.object({
  runId: z.string(),
  at: z.string(),
  bytesAdded: z.number(),
  sources: z.record(z.string(), z.number()),
});

/** What a run that succeeded stored, and the bytes of its sources in the stage. */
export type StoredNote = z.infer<typeof storedSchema>;

/** So many are kept. */
const KEPT = 10;

/** Notes what a run dumped. Again for a run that repeats its dump. */
export async function noteDump(plan: Plan, source: SourceReference, run: RunReference, dump: Dump): Promise<void> {
  const measure = measureOf(run, dump);
  const path = notesPath(plan, source);
  const known = await readNotes(path);
  const [before] = known.measures.filter(({ runId }) => runId !== run.runId).slice(-1);
  const note = before && compare(before, measure, dump.bytes);
  const notes = [...known.notes.filter(({ runId }) => runId !== run.runId), ...(note === undefined ? [] : [note])];
  await write(path, { measures: [...(before === undefined ? [] : [before]), measure], notes: notes.slice(-KEPT) });
}

/** Notes what a run that succeeded stored. */
export async function noteStored(plan: Plan, record: RunRecord): Promise<void> {
  if (record.bytesAdded === undefined || record.finishedAt === undefined) return;
  const { runId, finishedAt: at, bytesAdded } = record;
  const before = (await loadStored(plan)).filter((stored) => stored.runId !== runId);
  await write(storedPath(plan), [...before, { runId, at, bytesAdded, sources: sourceSizes(record) }].slice(-KEPT));
}

/** Oldest first. */
export async function loadChanges(plan: Plan, source: SourceReference): Promise<ChangeNote[]> {
  return (await readNotes(notesPath(plan, source))).notes;
}

/** Oldest first. */
export async function loadStored(plan: Plan): Promise<StoredNote[]> {
  return read(storedPath(plan), z.array(storedSchema), []);
}

function measureOf({ runId }: RunReference, { sample, entries }: Dump): Measure {
  if (sample !== undefined) return { runId, sample };
  const files = (entries ?? []).flatMap(({ path, bytes, sha256 }) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return name === CHAIN_NAME || name === SCRIPT_NAME ? [] : [{ isBase: name.startsWith('base'), bytes: bytes ?? 0, sha256 }];
  });
  const [base, deltas] = [true, false].map((isBase) => files.filter((file) => file.isBase === isBase));
  if (base === undefined || deltas === undefined || base.length === 0) return { runId };
  const total = (of: typeof files) => of.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    runId,
    chain: { base: base.map(({ sha256 }) => sha256).join(' '), baseBytes: total(base), deltaBytes: total(deltas) },
  };
}

/** Undefined where the two cannot be compared. `bytes` is the size of the dump. */
function compare(before: Measure, after: Measure, bytes: number): ChangeNote | undefined {
  const runs = { runId: after.runId, sinceRunId: before.runId };
  if (before.sample !== undefined && after.sample !== undefined) {
    const share = changedShare(before.sample, after.sample);
    return share === undefined ? undefined : { ...runs, kind: 'copy', bytes, changedBytes: Math.round(share * bytes) };
  }
  const [old, chain] = [before.chain, after.chain];
  if (old === undefined || chain === undefined || old.base !== chain.base) return undefined;
  return { ...runs, kind: 'chain', bytes: chain.baseBytes, changedBytes: chain.deltaBytes - old.deltaBytes };
}

async function readNotes(path: string): Promise<z.infer<typeof notesSchema>> {
  return read(path, notesSchema, { measures: [], notes: [] });
}

/** A file that is missing or damaged tells nothing. */
async function read<Value>(path: string, schema: z.ZodType<Value>, nothing: Value): Promise<Value> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return nothing;
  }
}

async function write(path: string, value: unknown): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  await writeDurably(path, JSON.stringify(value));
}

function notesPath({ stateDirectory }: Plan, { kind, name }: SourceReference): string {
  return join(stateDirectory, 'changes', `${kind}.${name}.json`);
}

function storedPath({ stateDirectory }: Plan): string {
  return join(stateDirectory, 'changes', 'stored.json');
}
