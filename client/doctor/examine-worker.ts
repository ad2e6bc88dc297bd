import type { Configuration } from '../../config/types.ts';
import type { ExamineHostResult, Finding } from '../../contract/inspect.ts';
import { WORKFLOWS } from '../../contract/names.ts';
import { HOLDFAST_VERSION } from '../../contract/version.ts';
import { askWorker } from '../ask-worker.ts';
import { reportError } from '../command-error.ts';
import type { Temporal } from '../connect.ts';
import { describeWorker, findWorkers, severalWorkers } from '../worker-presence.ts';
import { splitAdvice } from './split-advice.ts';

/** Asks the worker's machine what it has, and adds whether it works by our version and configuration. */
export async function examineWorker(temporal: Temporal, configuration: Configuration): Promise<Finding[]> {
  const { host } = configuration;
  const { configurationHash } = await import('../../config/index.ts');
  try {
    const question = { host, workflow: WORKFLOWS.examineHost, summary: `Look whether ${host} has what its plans need` };
    const answer = await askWorker<ExamineHostResult>(temporal, question);
    const several = judgeNumber(await findWorkers(temporal, host));
    return [...judgeWorker(answer, configurationHash(configuration)), ...several, ...answer.findings];
  } catch (error) {
    return [{ level: 'problem', subject: 'worker', ...splitAdvice(reportError(error).message) }];
  }
}

/** Judges how many workers poll for a host. */
export function judgeNumber(workers: readonly string[]): Finding[] {
  const several = severalWorkers(workers);
  if (several === undefined) return [];
  const { message, advice } = several;
  return [{ level: 'warning', subject: 'workers', message: `${message}: ${workers.map(describeWorker).join(', ')}`, advice }];
}

/** Judges whether a worker works by the same version and configuration as this command. */
export function judgeWorker(worker: ExamineHostResult, ownHash: string): Finding[] {
  const subject = 'worker';
  const version: Finding =
    worker.holdfastVersion === HOLDFAST_VERSION
      ? { level: 'ok', subject, message: `polls for host ${worker.host}, version ${worker.holdfastVersion}` }
      : {
          level: 'warning',
          subject,
          message: `has version ${worker.holdfastVersion}, and this command ${HOLDFAST_VERSION}`,
          advice: 'install the same version on both, then restart the worker',
        };
  if (worker.configurationHash === ownHash) return [version];
  const stale: Finding = {
    level: 'problem',
    subject: "worker's configuration",
    message: 'is not the one that this command read: runs go by the worker’s',
    advice: 'restart the worker after a change of holdfast.yaml, or name its file with --config',
  };
  return [version, stale];
}
