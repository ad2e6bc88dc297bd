import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigurationError } from './error.ts';
import { errorCode } from './error-code.ts';
import type { Environment } from './interpolation.ts';

/** Where the configuration lies on a server. */
const SYSTEM_FILE = '/etc/holdfast/holdfast.yaml';

interface FindConfigurationFileOptions {
  /** Value of `--config`. */
  readonly flag?: string | undefined;
  /** For `HOLDFAST_CONFIG`. */
  readonly environment: Environment;
  /** Absolute directory that relative paths start from. */
  readonly cwd: string;
}

/**
 * Absolute path of the configuration: `--config`, else `HOLDFAST_CONFIG`, else `./holdfast.yaml`, else
 * `/etc/holdfast/holdfast.yaml`. A file that was named is not looked up here: loading it says what is wrong.
 *
 * @throws {ConfigurationError} when none was named and none is there; it names all places.
 */
export async function findConfigurationFile({ flag, environment, cwd }: FindConfigurationFileOptions): Promise<string> {
  const named = [flag, environment['HOLDFAST_CONFIG']].find((value) => value !== undefined && value !== '');
  if (named !== undefined) return resolve(cwd, named);
  const places = [resolve(cwd, 'holdfast.yaml'), SYSTEM_FILE];
  for (const place of places) if (await isThere(place)) return place;
  const looked = ['--config (not given)', 'HOLDFAST_CONFIG (not set)', ...places].join(', ');
  const message = `looked at ${looked}; make a file with: holdfast config example > holdfast.yaml`;
  throw new ConfigurationError('no configuration was found', [{ path: '', message }]);
}

/** A file that is there but may not be read counts: it must not be passed over in silence. */
async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '');
  }
}
