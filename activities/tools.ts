import type { Configuration, Plan } from '../config/types.ts';
import type { Finding } from '../contract/inspect.ts';
import { ProgramMissing } from '../process/errors.ts';
import type { Programs } from '../process/programs.ts';
import { requireZstd } from './databases/chain/zstd.ts';
import { PhaseError } from './phase-error.ts';
import { requireRestic } from './restic/restic.ts';
import { OLDEST_RESTIC } from './restic/version.ts';

interface Tool {
  program: string;
  /** Debian package that has it. */
  debianPackage: string;
  /** Whether a plan cannot do without it. */
  isNeeded(plans: readonly Plan[], configuration: Pick<Configuration, 'priority'>): boolean;
}

/** What every host needs besides restic; the databases report on their own clients. */
const TOOLS: readonly Tool[] = [
  { program: 'tar', debianPackage: 'tar', isNeeded: (plans) => plans.some((plan) => plan.archive !== undefined) },
  {
    program: 'zstd',
    debianPackage: 'zstd',
    isNeeded: (plans) => plans.some((plan) => plan.archive?.format === 'tar.zst' && !plans.some(hasChain)),
  },
  {
    program: 'nice',
    debianPackage: 'coreutils',
    isNeeded: (_, { priority }) => priority !== undefined && priority.nice > 0,
  },
  { program: 'ionice', debianPackage: 'util-linux', isNeeded: (_, { priority }) => priority?.io !== undefined },
];

/** Chains of dumps are zstd's patches; those of SQLite do without it. */
function hasChain({ sources }: Plan): boolean {
  return sources.some((source) => source.kind === 'mysql' && source.chain !== undefined);
}

/** Looks for the programs that the plans need. */
export async function examineTools(
  programs: Programs,
  configuration: Pick<Configuration, 'plans' | 'priority'>,
  signal: AbortSignal,
): Promise<Finding[]> {
  const plans = [...configuration.plans.values()];
  const needed = TOOLS.filter((tool) => tool.isNeeded(plans, configuration));
  return Promise.all([
    examineRestic(programs, signal),
    ...needed.map((tool) => examineTool(programs, tool)),
    ...(plans.some(hasChain) ? [examineZstd(programs, signal)] : []),
  ]);
}

async function examineRestic(programs: Programs, signal: AbortSignal): Promise<Finding> {
  const subject = 'tool restic';
  try {
    const version = await requireRestic(programs, signal);
    return { level: 'ok', subject, message: `${version} at ${await programs.find('restic')}` };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { level: 'problem', subject, message, advice: `Install restic ${OLDEST_RESTIC} or newer on the worker's machine.` };
  }
}

async function examineZstd(programs: Programs, signal: AbortSignal): Promise<Finding> {
  const subject = 'tool zstd';
  try {
    const version = await requireZstd(programs, signal);
    return { level: 'ok', subject, message: `${version} at ${await programs.find('zstd')}` };
  } catch (error) {
    if (!(error instanceof PhaseError)) throw error;
    return { level: 'problem', subject, message: error.message, advice: 'apt-get install zstd' };
  }
}

async function examineTool(programs: Programs, tool: Tool): Promise<Finding> {
  const subject = `tool ${tool.program}`;
  try {
    return { level: 'ok', subject, message: await programs.find(tool.program) };
  } catch (error) {
    if (!(error instanceof ProgramMissing)) throw error;
    return { level: 'problem', subject, message: 'not found on the PATH', advice: `apt-get install ${tool.debianPackage}` };
  }
}
