import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Configuration, Plan, Repository } from '../config/types.ts';
import type { ExamineHostResult, Finding } from '../contract/inspect.ts';
import { createRedactor } from '../process/redaction.ts';
import type { Databases } from './databases/registry.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { toFailure } from './failures.ts';
import type { PhaseContext } from './phase.ts';
import { createRestic } from './restic/restic.ts';
import { examineTools } from './tools.ts';

/** Below this share of free space on a disk a warning is due. */
const LOW_SPACE_RATIO = 0.1;

/** Looks whether this machine has all that the plans need: programs, repositories, log-ins, paths, disk space. Changes nothing. */
export async function examineHost(
  deps: ActivityDependencies & { databases: Databases },
  context: PhaseContext,
): Promise<ExamineHostResult> {
  const { configuration } = deps;
  const plans = [...configuration.plans.values()];
  const findings = [
    ...(await examineTools(deps.programs, plans, context.signal)),
    ...(await all([...configuration.repositories.values()].map((repository) => examineRepository(deps, repository, context)))),
    ...(await all(plans.map((plan) => examineSources(deps.databases, plan, context)))),
    ...(await all(directoriesOf(configuration).map((directory) => examineDirectory(directory)))),
  ];
  return {
    host: configuration.host,
    holdfastVersion: deps.holdfastVersion,
    configurationHash: deps.configurationHash,
    findings,
  };
}

async function all(groups: Promise<Finding[]>[]): Promise<Finding[]> {
  return (await Promise.all(groups)).flat();
}

async function examineRepository(deps: ActivityDependencies, repository: Repository, context: PhaseContext): Promise<Finding[]> {
  const subject = `repository ${repository.name}`;
  const { stateDirectory } = deps.configuration;
  try {
    const id = await createRestic({ ...deps, repository, stateDirectory, context }).probe();
    return [{ level: 'ok', subject, message: `opens, id ${id.slice(0, 8)}` }];
  } catch (error) {
    if (context.signal.aborted) throw error;
    const failure = toFailure(error, { redact: createRedactor([]), attempt: 1 });
    return [{ level: 'problem', subject, message: failure.message }];
  }
}

async function examineSources(databases: Databases, plan: Plan, context: PhaseContext): Promise<Finding[]> {
  return all(
    plan.sources.map(async (source): Promise<Finding[]> => {
      if (source.kind !== 'files') return databases.of(source).examine(context);
      return [await examineBase(`plans.${plan.name}.sources.files.${source.name}`, source.base)];
    }),
  );
}

async function examineBase(subject: string, base: string): Promise<Finding> {
  try {
    await access(base, constants.R_OK | constants.X_OK);
    return { level: 'ok', subject, message: `${base} can be read` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      level: 'problem',
      subject,
      message: `${base} cannot be read (${code})`,
      advice: 'Correct the path, or give the worker the right to read it.',
    };
  }
}

function directoriesOf(configuration: Configuration): { name: string; path: string }[] {
  const archives = [...configuration.plans.values()].flatMap(({ name, archive }) =>
    archive === undefined ? [] : [{ name: `archive directory of ${name}`, path: archive.directory }],
  );
  return [
    { name: 'staging directory', path: configuration.stagingDirectory },
    { name: 'state directory', path: configuration.stateDirectory },
    ...archives,
  ];
}

async function examineDirectory({ name, path }: { name: string; path: string }): Promise<Finding[]> {
  const existing = await nearestExisting(path);
  const isWritable = await access(existing, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable) {
    return [
      {
        level: 'problem',
        subject: name,
        message: `${existing} cannot be written to`,
        advice: `Give the worker's user the right, or move it.`,
      },
    ];
  }
  const disk = await statfs(existing);
  const free = disk.bavail * disk.bsize;
  const message = `${path}: ${(free / 1024 ** 3).toFixed(1)} GiB free`;
  const isLow = disk.bavail < disk.blocks * LOW_SPACE_RATIO;
  return [
    isLow
      ? { level: 'warning', subject: name, message, advice: 'Less than a tenth of that disk is free.' }
      : { level: 'ok', subject: name, message },
  ];
}

async function nearestExisting(path: string): Promise<string> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists || path === '/' ? path : nearestExisting(dirname(path));
}
