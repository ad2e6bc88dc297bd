import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { writeArchive } from '../../../../activities/archive/write-archive.ts';
import { restoreDocument } from '../../../../activities/stage/restore-document.ts';
import { sealStage } from '../../../../activities/stage/seal-stage.ts';
import type { Archive, Plan } from '../../../../config/types.ts';
import { programs } from '../../../support/phase-context.ts';
import { describeTree, filesSource, type StagePlace, shell, withStagePlace } from '../../../support/stage-place.ts';
import { stagePlan } from '../../../support/stage-plan.ts';

const RUN = {
  plan: 'tracker',
  workflowId: 'w',
  runId: '019c0000-0000-7000-8000-0000abcdef01',
  startedAt: '2026-01-02T03:04:05.678Z',
};

/** The `sh` blocks below a heading, in order. */
function commands(document: string, heading: string): string {
  const start = document.indexOf(`\n${heading}`);
  if (start < 0) throw new Error(`no heading ${heading}`);
  const next = document.slice(start + heading.length + 1).search(/\n#{2,3} /);
  const section = next < 0 ? document.slice(start) : document.slice(start, start + heading.length + 1 + next);
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('');
}

/** Seals a stage with odd names and a live SQLite dump, and puts it into a repository and an archive. */
async function backUp({ base, stage, context, run }: StagePlace): Promise<{ document: string; before: string; plan: Plan }> {
  const directory = dirname(stage);
  await shell(
    base,
    `mkdir -p "it's/d"; printf 1 > "$(printf 'odd-\\377\\n')"; printf 2 > "it's/d/quo\\"te\\\\"; printf 3 > -rf; ln -s nowhere link
     touch -d '2011-11-11 11:11:11.123456789' -- -rf "it's"; chmod 0700 "it's"; chown 12:34 -- -rf; chmod 0751 .`,
  );
  const archive: Archive = { directory: join(directory, 'archives of today'), format: 'tar.zst', keepDays: 7, keepAtLeast: 1 };
  const location = join(directory, "it's a repository");
  const draft = stagePlan({ base, stageDirectory: stage, archive, sources: [filesSource(base)] });
  const plan = { ...draft, repository: { ...draft.repository, location } };
  const sealed = await sealStage(
    {
      plan,
      host: 'tracker-1',
      holdfastVersion: '0.1.0',
      run: RUN,
      sources: new Map([['files/config', await run()]]),
      lastSizes: undefined,
      restoreInstructions: new Map(),
    },
    context,
  );
  const memory = { file: join(stage, '../last-archive.json'), digest: 'a' };
  await writeArchive({ archive, stageDirectory: stage, run: RUN, programs, memory }, context);
  const summary = await restic(
    stage,
    `restic init -q -r "${location}"
     restic backup -r "${location}" --json --host tracker-1 --tag plan:tracker . | tail -n 1`,
  );
  expect(JSON.parse(summary)).toMatchObject({ total_files_processed: sealed.files, total_bytes_processed: sealed.bytes });
  const before = await describeTree(base);
  const document = await readFile(join(stage, 'RESTORE.md'), 'utf8');
  await rm(stage, { recursive: true });
  await rm(base, { recursive: true });
  return { document, before, plan };
}

async function restic(cwd: string, script: string): Promise<string> {
  const result = await programs.run({
    program: 'sh',
    args: ['-euc', script],
    cwd,
    env: { RESTIC_PASSWORD: 'secret', PATH: `${process.env['PATH']}:/work/tools` },
  });
  if (result.exitCode !== 0) throw new Error(`${result.stdout}${result.stderr}`);
  return result.stdout;
}

test.each(['### From the restic repository', '### Or from the local archive'])('the commands bring everything back (%s)', (way) =>
  withStagePlace(async (place) => {
    const { document, before } = await backUp(place);
    const elsewhere = commands(document, '## 1. Get the tree').replace(/^target=.*$/m, `target='${place.base} restored'`);
    expect(elsewhere).toContain(' restored');
    const output = await restic(
      '/',
      elsewhere +
        commands(document, way) +
        commands(document, '## 2. Check') +
        commands(document, '## 3. Put') +
        commands(document, '### files/config'),
    );
    expect(output).toContain('as they were backed up: 3; different or missing: 0');
    expect(await describeTree(place.base)).toBe(before);
  }),
);

test('the check finds a byte that changed and a file that is gone', () =>
  withStagePlace(async (place) => {
    const { document } = await backUp(place);
    const target = `${place.base} restored`;
    const get = commands(document, '## 1. Get the tree').replace(/^target=.*$/m, `target='${target}'`);
    await restic('/', get + commands(document, '### Or from the local archive'));
    await writeFile(join(target, 'files/config/-rf'), '4');
    await rm(join(target, "files/config/it's/d"), { recursive: true });
    const check = restic('/', `target='${target}'\n${commands(document, '## 2. Check')}`);
    await expect(check).rejects.toThrow(
      /DIFFERS: files\/config\/-rf\nDIFFERS: files\/config\/it's\/d\/quo"te\\\nas they were backed up: 1; different or missing: 2/,
    );
  }));

test('paths of a snapshot start at the root of the stage, as the document says', () =>
  withStagePlace(async (place) => {
    const { document, plan } = await backUp(place);
    const dump = /`(restic [^`]* \/manifest\.json)`/.exec(document)?.[1];
    const manifest = await restic('/', `repository="${plan.repository.location}" snapshot=latest\n${dump}`);
    expect(JSON.parse(manifest)).toMatchObject({ plan: 'tracker' });
  }));

test('the document names all that is needed, and no secret', () => {
  const plan = stagePlan({
    base: '/data',
    stageDirectory: '/stage',
    archive: { directory: '/backups', format: 'tar.gz', keepDays: 7, keepAtLeast: 2 },
    repository: {
      ...stagePlan({ base: '/data', stageDirectory: '/stage' }).repository,
      password: { kind: 'file', path: '/run/secrets/restic' },
      location: 'rest:https://user:hunter22@backup.example.org/x',
      environment: { AWS_SECRET_ACCESS_KEY: { kind: 'file', path: '/run/secrets/s3' }, AWS_REGION: 'plain-value' },
      options: ['sftp.args=-i "/key file"'],
    },
  });
  const document = restoreDocument({
    plan,
    host: 'tracker-1',
    holdfastVersion: '0.1.0',
    run: RUN,
    restoreInstructions: new Map([['sqlite/main', 'cp sqlite/main.db back\n']]),
  });
  expect(document).not.toMatch(/hunter22|plain-value/);
  for (const part of [
    '# Restore plan tracker of host tracker-1',
    "repository='rest:https://user:***@backup.example.org/x'",
    'put it back in',
    '`AWS_SECRET_ACCESS_KEY`, from file /run/secrets/s3',
    'file /run/secrets/restic on host tracker-1',
    `-o 'sftp.args=-i "/key file"' snapshots --host tracker-1 --tag plan:tracker`,
    `\`run:${RUN.runId}\``,
    'archive=/backups/tracker-20260102T030405Z-abcdef01.tar.gz',
    'tar --gzip -xpf',
    'cp -a files/config/. /data/',
    '### sqlite/main\n\ncp sqlite/main.db back\n',
  ]) {
    expect(document).toContain(part);
  }
});
