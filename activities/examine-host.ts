import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Plan, Repository } from '../config/types.ts';
import { sourceId } from '../contract/backup.ts';
import type { ExamineHostResult, Finding } from '../contract/inspect.ts';
import { examineMethods } from './changes/advise-method.ts';
import type { Databases } from './databases/registry.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { examineDirectories } from './examine-directories.ts';
import { toFailure } from './failures.ts';
import { examineHooks } from './hooks/examine-hooks.ts';
import type { PhaseContext } from './phase.ts';
import { createRestic } from './restic/restic.ts';
import { describeLackOfSpace, estimateStage } from './run/stage-space.ts';
import { examineTools } from './tools.ts';

/** Looks whether this machine has all that the plans need: programs, repositories, log-ins, paths, disk space. Changes nothing. */
export async function examineHost(
  deps: Omit<ActivityDependencies, 'activePhases' | 'hooks'> & { databases: Databases },
  context: PhaseContext,
): Promise<ExamineHostResult> {
  const { configuration } = deps;
  const plans = [...configuration.plans.values()];
  const findings = [
    ...(await examineTools(deps.programs, configuration, context.signal)),
    ...(await all([...configuration.repositories.values()].map((repository) => examineRepository(deps, repository, context)))),
    ...(await all(plans.map((plan) => examineSources(deps.databases, plan, context)))),
    ...(await all(plans.map((plan) => examineMethods(plan)))),
    ...(await examineHooks(deps, context)),
    ...(await examineDirectories(configuration)),
    ...(await all(plans.map((plan) => examineStageSpace(deps.databases, plan, context)))),
  ];
  return {
    host: configuration.host,
    holdfastVersion: deps.holdfastVersion,
    configurationHash: deps.configurationHash,
    // Now that all secrets were read: what failed early may quote one that was read late.
    findings: findings.map((finding) => ({ ...finding, message: context.redact(finding.message) })),
  };
}

async function all(groups: Promise<Finding[]>[]): Promise<Finding[]> {
  return (await Promise.all(groups)).flat();
}

async function examineRepository(
  deps: Pick<ActivityDependencies, 'configuration' | 'programs'>,
  repository: Repository,
  context: PhaseContext,
): Promise<Finding[]> {
  const subject = `repository ${repository.name}`;
  const { stateDirectory } = deps.configuration;
  try {
    const id = await createRestic({ ...deps, repository, stateDirectory, context }).probe();
    return [{ level: 'ok', subject, message: `opens, id ${id.slice(0, 8)}` }];
  } catch (error) {
    if (context.signal.aborted) throw error;
    const failure = toFailure(error, { redact: context.redact, attempt: 1 });
    return [{ level: 'problem', subject, message: failure.message }];
  }
}

async function examineSources(databases: Databases, plan: Plan, context: PhaseContext): Promise<Finding[]> {
  return all(
    plan.sources.map(async (source): Promise<Finding[]> => {
      const subject = `plans.${plan.name}.sources.${source.kind}.${source.name}`;
      if (source.kind === 'files') return [await examineBase(subject, source.base)];
      const findings = await databases.of(source).examine(context);
      // A database knows nothing of plans, and two of them may have sources of one name.
      return findings.map((finding) => (finding.subject === sourceId(source) ? { ...finding, subject } : finding));
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

async function examineStageSpace(databases: Databases, plan: Plan, context: PhaseContext): Promise<Finding[]> {
  const subject = `stage of plan ${plan.name}`;
  try {
    const message = await describeLackOfSpace(plan, await estimateStage(databases, plan, context));
    return message === undefined
      ? []
      : [{ level: 'problem', subject, message, advice: 'Free some space, or move staging_directory.' }];
  } catch (error) {
    if (context.signal.aborted) throw error;
    // A source that cannot be asked has a finding of its own.
    return [];
  }
}
