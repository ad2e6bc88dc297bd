import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, type ConfigurationProblem, loadConfiguration } from '../../../config/index.ts';
import type { Configuration } from '../../../config/types.ts';

/** A small configuration that is accepted. */
function sample(): Record<string, unknown> {
  return {
    version: 1,
    host: 'tracker-1',
    staging_directory: '/var/lib/holdfast/staging',
    state_directory: '/var/lib/holdfast/state',
    restore_directory: '/var/lib/holdfast/restore',
    repositories: { main: { location: '/srv/restic', password: { env: 'RESTIC_SECRET' } } },
    plans: {
      tracker: {
        repository: 'main',
        schedule: { cron: '0 3 * * *' },
        sources: {
          files: { etc: { base: '/data', paths: ['etc', 'conf'] } },
          sqlite: { main: { path: '/data/main.db' } },
          mysql: { shop: { host: 'db', user: 'backup', database: 'shop' } },
        },
        archive: { directory: '/backups' },
        retention: { keep_daily: 7 },
        verification: { schedule: { cron: '@monthly' }, queries: [{ sqlite: 'main', sql: 'SELECT 1', equals: 1 }] },
      },
    },
  };
}

/** Values to put at dotted paths of the sample; undefined removes. */
export type Changes = Readonly<Record<string, unknown>>;

/** The sample with changes, as JSON, which is YAML too. */
export function sampleWith(changes: Changes): string {
  const document = sample();
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce<Record<string, unknown>>((node, key) => node[key] as Record<string, unknown>, document);
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  return JSON.stringify(document, undefined, 1);
}

/** Loads a text as `holdfast.yaml`. */
export async function load(text: string | Buffer, environment: Record<string, string> = {}): Promise<Configuration> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-config-'));
  try {
    const file = join(directory, 'holdfast.yaml');
    await writeFile(file, text);
    return await loadConfiguration({ file, environment });
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The problems that loading fails with; none when it does not fail. */
export async function problemsOf(loading: Promise<unknown>): Promise<readonly ConfigurationProblem[]> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return [];
  if (!(error instanceof ConfigurationError)) throw new Error('it failed in another way', { cause: error });
  return error.problems;
}
