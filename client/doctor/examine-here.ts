import type { Configuration } from '../../config/types.ts';
import type { Finding } from '../../contract/inspect.ts';
import { type Context, readConfiguration } from '../context.ts';

/** Of package.json's `engines`. */
const OLDEST_NODE: readonly [major: number, minor: number] = [20, 19];

export interface LocalExamination {
  findings: Finding[];
  /** undefined when it cannot be read. */
  configuration: Configuration | undefined;
}

/** Looks at what can be seen without Temporal: this program's Node and the configuration. */
export async function examineHere(context: Context, nodeVersion: string): Promise<LocalExamination> {
  const node = examineNode(nodeVersion);
  const { configurationWarnings } = await import('../../config/index.ts');
  try {
    const configuration = await readConfiguration(context);
    const warnings = configurationWarnings(configuration).map(
      ({ path, message }): Finding => ({
        level: 'warning',
        subject: path,
        message,
      }),
    );
    const valid: Finding = { level: 'ok', subject: 'configuration', message: `${configuration.file} is valid` };
    return { findings: [node, valid, ...warnings, ...examineTls(context)], configuration };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ConfigurationError') throw error;
    const advice = 'correct the file, then: holdfast config validate';
    const invalid: Finding = { level: 'problem', subject: 'configuration', message: error.message, advice };
    return { findings: [node, invalid], configuration: undefined };
  }
}

/** Judges a version such as `20.19.1`. */
export function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNewEnough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (isNewEnough) return { level: 'ok', subject: 'node', message: version };
  const needed = OLDEST_NODE.join('.');
  return {
    level: 'problem',
    subject: 'node',
    message: `${version} is older than ${needed}`,
    advice: `install Node ${needed} or newer`,
  };
}

/** The TypeScript SDK reads this variable and does nothing with it (1.24). */
function examineTls({ io }: Context): Finding[] {
  const name = 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION';
  if ((io.environment[name] ?? '') === '') return [];
  const advice = 'set TEMPORAL_TLS_SERVER_NAME or TEMPORAL_TLS_SERVER_CA_CERT_PATH instead';
  return [{ level: 'warning', subject: 'Temporal TLS', message: `${name} has no effect here`, advice }];
}
