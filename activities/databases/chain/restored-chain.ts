import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { CHAIN_NAME, ReplayFailed } from './chain-format.ts';

/**
 * Reads the description of a restored chain, and looks whether the chain holds plain files alone: the tools that replay it would
 * follow a link, and write to where it leads.
 *
 * @throws {ReplayFailed} naming what is not as it should be
 */
export async function readRestoredChain<Schema extends z.ZodType>(directory: string, schema: Schema): Promise<z.infer<Schema>> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const strange = entries.find((entry) => !entry.isFile());
  if (strange !== undefined) throw new ReplayFailed(`${join(directory, strange.name)} is not a plain file`);
  const text = await readFile(join(directory, CHAIN_NAME), 'utf8').catch(() => '');
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new ReplayFailed(`${join(directory, CHAIN_NAME)} is missing or not what Holdfast wrote`, { cause: error });
  }
}
