import { z } from 'zod';
import { type ChainFile, sealSchema } from '../../chain/chain-format.ts';
import { ChainStore } from '../../chain/chain-store.ts';

const size = { bytes: z.number().int(), sha256: z.string() };

const baseFile = z.object({ name: z.string().regex(/^base(\.\d+)?\.sql$/), ...size });
const patchFile = z.object({ name: z.string().regex(/^\d{4}(\.\d+)?\.sql\.zst$/), ...size });
const textFile = z.object({ name: z.string().regex(/^(base|current\.\d{4})(\.\d+)?\.sql$/), ...size });

/** A part of a dump: part `from` of the dump before, with `patch` applied to it; the very same where there is no patch. */
const deltaPart = z.object({ from: z.number().int().nonnegative(), patch: patchFile.optional() });

/**
 * A chain: a dump in one part or more, and for each dump after it the patches that make it of the one before. Field names are a format:
 * this lies beside every chain that was ever backed up.
 */
export const chainSchema = z.object({
  version: z.literal(1),
  /** Another one for each base. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** Source id, `mysql/tracker`. */
  source: z.string(),
  /** Family and the first two numbers of the version: `mariadb 10.11`. */
  server: z.string(),
  base: z.array(baseFile).min(1),
  deltas: z.array(z.object({ parts: z.array(deltaPart).min(1) })),
  /** What base and patches give together. */
  dump: z.object(size),
});

const keptChainSchema = z.object({
  chain: chainSchema,
  /** The parts of `chain.dump`, which the next patches are made against. */
  texts: z.array(textFile).min(1),
  seals: z.record(z.string(), sealSchema),
  hashed_at: z.string(),
});

export type Chain = z.infer<typeof chainSchema>;
export type Delta = Chain['deltas'][number];
export type KeptChain = z.infer<typeof keptChainSchema>;

/** Where chains of dumps are kept. */
export const chainStore = new ChainStore<KeptChain>({
  parse: (value) => keptChainSchema.safeParse(value).data,
  files: ({ chain, texts }) => [...chainFiles(chain), ...texts.filter(({ name }) => !name.startsWith('base'))],
  localNames: ({ texts }) => texts.map(({ name }) => name),
  spared: [],
});

/** What is backed up of a chain. */
export function chainFiles({ base, deltas }: Chain): ChainFile[] {
  return [...base, ...deltas.flatMap(patchesOf)];
}

/** Patches of one dump. */
export function patchesOf({ parts }: Delta): ChainFile[] {
  return parts.flatMap(({ patch }) => patch ?? []);
}

/** Bytes of all patches. */
export function patchBytes({ deltas }: Pick<Chain, 'deltas'>): number {
  return deltas.flatMap(patchesOf).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** `base.sql`, `base.2.sql`. */
export function baseName(part: number): string {
  return `base${suffix(part)}.sql`;
}

/** `0001.sql.zst`, `0001.2.sql.zst`: of a dump, from 1, and a part of it, from 0. */
export function patchName(dump: number, part: number): string {
  return `${padded(dump)}${suffix(part)}.sql.zst`;
}

/** `current.0001.sql`: the text that patches of a dump give. */
export function textName(dump: number, part: number): string {
  return `current.${padded(dump)}${suffix(part)}.sql`;
}

function padded(dump: number): string {
  return String(dump).padStart(4, '0');
}

function suffix(part: number): string {
  return part === 0 ? '' : `.${part + 1}`;
}
