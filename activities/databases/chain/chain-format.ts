/**
 * What chains of all kinds of databases have in common: a base that stays, and what differed in each run after it.
 *
 * What must never be here: knowledge of one kind of database, or a chain that counts before its files are on the disk.
 */
import { z } from 'zod';

/** Name of the description of a chain, where it is kept and in the stage. */
export const CHAIN_NAME = 'chain.json';
export const SCRIPT_NAME = 'replay.sh';

/** A file of a chain. */
export interface ChainFile {
  name: string;
  bytes: number;
  sha256: string;
}

/** What is known of a file besides its content: as long as none of it changes, nobody wrote to it. */
export const sealSchema = z.object({ inode: z.string(), bytes: z.string(), mtime_ns: z.string(), ctime_ns: z.string() });

export type Seal = z.infer<typeof sealSchema>;

/** What every description of a chain that is kept has. */
export interface KeptBase {
  chain: { id: string; source: string };
  seals: Record<string, Seal>;
  /** When all files were last read and hashed: a disk may lose a byte that nobody wrote to. */
  hashed_at: string;
}

/** How one kind of database describes its chains. */
export interface ChainFormat<Kept extends KeptBase> {
  /** Undefined for what is none. */
  parse(value: unknown): Kept | undefined;
  /** Whether it is the description of a chain of an older kind, which a new base replaces without a word. */
  isFormer?(value: unknown): boolean;
  /** What is backed up. */
  files(kept: Kept): ChainFile[];
  /** Files that are no part of what is backed up, and must be there. What is in them shows while they are read. */
  localNames(kept: Kept): string[];
  /** Files that may be there. */
  spared: readonly string[];
}

/** A restored chain cannot be replayed: something of it is missing, or a tool refuses it. */
export class ReplayFailed extends Error {
  override readonly name = 'ReplayFailed';
}
