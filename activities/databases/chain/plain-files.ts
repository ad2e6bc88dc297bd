import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ReplayFailed } from './chain-format.ts';

/**
 * Looks whether a restored chain holds plain files alone. The tools that replay it would follow a link, and write to where it leads.
 *
 * @throws {ReplayFailed} naming what is something else
 */
export async function requirePlainFiles(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const strange = entries.find((entry) => !entry.isFile());
  if (strange !== undefined) throw new ReplayFailed(`${join(directory, strange.name)} is not a plain file`);
}
