import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { ProgramMissing } from './errors.ts';

/** What a child inherits of our own environment. Secrets live in the rest, so nothing is passed on by default. */
const INHERITED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'TZ',
  'SSH_AUTH_SOCK',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

/** Environment of every child: the allow-list above, and messages in English so that they can be recognised. */
export function baseEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), LC_ALL: 'C.UTF-8' };
}

/**
 * Finds a program the way a shell does.
 *
 * @throws {ProgramMissing} when no directory of `path` holds an executable of that name.
 */
export async function findProgram(program: string, path: string): Promise<string> {
  const candidates = isAbsolute(program) ? [program] : path.split(delimiter).map((directory) => join(directory, program));
  for (const candidate of candidates) {
    const isExecutable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isExecutable) return candidate;
  }
  throw new ProgramMissing(program);
}
