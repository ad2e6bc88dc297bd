import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { displayText } from '../input/display.ts';
import { PhaseError } from '../phase-error.ts';
import { type Manifest, manifestSchema } from '../stage/manifest.ts';
import { MANIFEST_NAME } from '../stage/seal-stage.ts';

/**
 * Its tags said so already; but tags can be set by anybody who can write to the repository, and ids come from outside.
 *
 * @throws {PhaseError} ConfigInvalid when it is the manifest of another plan or host
 */
export function requireOwn(manifest: Manifest, host: string, plan: string): void {
  if (manifest.plan === plan && manifest.host === host) return;
  throw new PhaseError(
    'ConfigInvalid',
    `that is a backup of plan ${displayText(manifest.plan)} of host ${displayText(manifest.host)}, not of ${plan} of ${host}.`,
  );
}

/** Newest manifest that this Holdfast understands. */
const KNOWN_VERSION = manifestSchema.shape.version.value;

const anyVersion = z.looseObject({ version: z.number() });

/**
 * Reads `manifest.json` of a restored tree.
 *
 * @throws {PhaseError} DumpRejected when it is missing, is none, or was written by a newer Holdfast
 */
export async function readManifest(directory: string): Promise<Manifest> {
  const path = join(directory, MANIFEST_NAME);
  const content = parseJson(await readText(path));
  const parsed = manifestSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const version = anyVersion.safeParse(content);
  if (version.success && version.data.version > KNOWN_VERSION) {
    throw new PhaseError(
      'DumpRejected',
      `${path} has version ${version.data.version}, and this Holdfast knows up to ${KNOWN_VERSION}. Use a newer Holdfast, or go by RESTORE.md beside it.`,
    );
  }
  const [issue] = parsed.error.issues;
  throw new PhaseError(
    'DumpRejected',
    `${path} is not the manifest of a backup: ${displayText(issue?.path.join('.') || 'file')}: ${displayText(issue?.message ?? '', 200)}. Was this snapshot made by Holdfast?`,
  );
}

async function readText(path: string): Promise<string> {
  try {
    // Neither through a link out of the tree, nor from a FIFO, which would keep us waiting for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return (await file.stat()).isFile() ? await file.readFile('utf8') : '';
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') return '';
    if (code !== 'ENOENT') throw error;
    throw new PhaseError(
      'DumpRejected',
      `${path} is missing, so nothing tells what was backed up. Was this snapshot made by Holdfast?`,
    );
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
