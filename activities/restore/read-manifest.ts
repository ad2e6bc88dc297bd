import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PhaseError } from '../phase-error.ts';
import { type Manifest, manifestSchema } from '../stage/manifest.ts';
import { MANIFEST_NAME } from '../stage/seal-stage.ts';

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
    `${path} is not the manifest of a backup: ${issue?.path.join('.') || 'file'}: ${issue?.message}. Was this snapshot made by Holdfast?`,
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
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
