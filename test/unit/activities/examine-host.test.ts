import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createDatabases } from '../../../activities/databases/registry.ts';
import { examineHost } from '../../../activities/examine-host.ts';
import type { Configuration, Repository, Source } from '../../../config/types.ts';
import type { Finding } from '../../../contract/inspect.ts';
import { configurationOf, plan } from '../../support/configurations.ts';
import { createTestContext, withDirectory } from '../../support/phase-context.ts';
import { filesSource } from '../../support/stage-place.ts';
import { testPrograms } from '../../support/temporal-server.ts';

const ENVIRONMENT = { RESTIC_SECRET: 'only-for-this-test', BUCKET_SECRET: 'bucket-secret-value' };

async function examine(configuration: Configuration): Promise<Finding[]> {
  const programs = testPrograms();
  const deps = {
    configuration,
    configurationHash: 'none',
    holdfastVersion: '0.0.0',
    programs,
    environment: ENVIRONMENT,
    hasSearchAttributes: false,
    isRunOpen: async () => false,
    onDrillReported: () => undefined,
    onRunReported: () => undefined,
    onMaintenanceReported: () => undefined,
    databases: createDatabases(programs),
  };
  return (await examineHost(deps, createTestContext({ ...process.env, ...ENVIRONMENT }))).findings;
}

/** A host whose directories are all below one, with a plan for each list of sources. */
function hostIn(directory: string, sources: Record<string, Source[]>, repository: Partial<Repository> = {}): Configuration {
  const plans = Object.entries(sources).map(([name, ofPlan]) =>
    plan(name, {
      sources: ofPlan,
      stageDirectory: join(directory, 'staging', name),
      stateDirectory: join(directory, 'state', name),
    }),
  );
  const main: Repository = {
    name: 'main',
    location: join(directory, 'repository'),
    password: { kind: 'env', name: 'RESTIC_SECRET' },
    environment: {},
    options: [],
    uploadLimit: undefined,
    downloadLimit: undefined,
    check: undefined,
    prune: undefined,
    ...repository,
  };
  return {
    ...configurationOf('h', ...plans),
    stagingDirectory: join(directory, 'staging'),
    stateDirectory: join(directory, 'state'),
    repositories: new Map([['main', main]]),
  };
}

const missing = (directory: string): Source => ({
  kind: 'sqlite',
  name: 'main',
  path: join(directory, 'missing.db'),
  method: 'auto',
  allowWriterStall: false,
  maxShrinkRatio: 0.5,
});

test('sources of one name in two plans are told apart', async () => {
  await withDirectory(async (directory) => {
    const findings = await examine(hostIn(directory, { first: [missing(directory)], second: [missing(directory)] }));
    const subjects = findings.map(({ subject }) => subject).filter((subject) => subject.includes('sqlite'));
    expect(subjects).toEqual(['plans.first.sources.sqlite.main', 'plans.second.sources.sqlite.main']);
  });
});

test("a secret is blanked where restic's own words quote it", async () => {
  await withDirectory(async (directory) => {
    const findings = await examine(
      hostIn(
        directory,
        { first: [filesSource(directory)] },
        {
          location: join(directory, ENVIRONMENT.BUCKET_SECRET),
          environment: { AWS_SECRET_ACCESS_KEY: { kind: 'env', name: 'BUCKET_SECRET' } },
        },
      ),
    );
    const repository = findings.find(({ subject }) => subject === 'repository main');
    expect(repository).toMatchObject({ level: 'problem', message: expect.stringContaining('***') });
    expect(JSON.stringify(findings)).not.toContain(ENVIRONMENT.BUCKET_SECRET);
  });
});

test('a plan whose stage does not fit on its disk is a problem, and one that fits is none', async () => {
  await withDirectory(async (directory) => {
    const source = filesSource(directory);
    const state = join(directory, 'state', 'large');
    await mkdir(state, { recursive: true });
    const phases = [{ name: `stageFiles files/${source.name}`, bytes: 2 ** 60 }];
    await writeFile(join(state, 'last-good.json'), JSON.stringify({ phases }));
    const findings = await examine(hostIn(directory, { large: [source], small: [source] }));
    const stages = findings.filter(({ subject }) => subject.startsWith('stage of plan'));
    expect(stages).toMatchObject([
      {
        level: 'problem',
        subject: 'stage of plan large',
        message: expect.stringMatching(/needs about 1099511627776 MiB in .*, and its disk has \d+ MiB free$/),
      },
    ]);
  });
});

test('the disk of a local repository is looked at, unless the repository is not there', async () => {
  await withDirectory(async (directory) => {
    const host = hostIn(directory, { first: [filesSource(directory)] });
    const isOfDisk = ({ subject }: Finding) => subject === 'directory of repository main';
    expect((await examine(host)).some(isOfDisk)).toBe(false);
    await mkdir(join(directory, 'repository'));
    expect((await examine(host)).find(isOfDisk)?.message).toMatch(/GiB free$/);
  });
});
