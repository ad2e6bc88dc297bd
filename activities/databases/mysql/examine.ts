import type { MysqlSource } from '../../../config/types.ts';
import { sourceId } from '../../../contract/backup.ts';
import type { Finding } from '../../../contract/inspect.ts';
import { ProgramTimeout } from '../../../process/errors.ts';
import type { Programs } from '../../../process/programs.ts';
import type { PhaseContext } from '../../phase.ts';
import { PhaseError } from '../../phase-error.ts';
import { describeLogin } from './address.ts';
import { TRIED_AGAIN } from './client-errors.ts';
import { findConcerns } from './concerns.ts';
import { Problem } from './problem.ts';
import { openSession, type Session } from './session.ts';

const ADVICE = 'Log in by hand with the same client to see more.';
const SERVER_ADVICE = 'Start the server, or check host, port, firewall and its limit of connections.';
const FAMILY_NAMES = { mysql: 'MySQL', mariadb: 'MariaDB' };

/** Logs in and says whether a dump would work now. */
export async function examine(programs: Programs, source: MysqlSource, context: PhaseContext): Promise<Finding[]> {
  const subject = sourceId(source);
  try {
    const session = await openSession(programs, source, context);
    const concerns = findConcerns(source, session.catalog).map(
      ({ message, advice }): Finding => ({ level: 'warning', subject, message, advice }),
    );
    return [{ level: 'ok', subject, message: describe(session) }, ...concerns];
  } catch (error) {
    if (context.signal.aborted) throw error;
    const finding = explainError(source, error);
    if (finding === undefined) throw error;
    return [{ level: 'problem', subject, ...finding }];
  }
}

function explainError(source: MysqlSource, error: unknown): Pick<Finding, 'message' | 'advice'> | undefined {
  if (error instanceof Problem) {
    return { message: error.what, advice: error.advice === TRIED_AGAIN ? SERVER_ADVICE : error.advice };
  }
  if (error instanceof PhaseError && error.type === 'SecretUnavailable') {
    return { message: error.message, advice: secretAdvice(source) };
  }
  if (error instanceof PhaseError) return { message: error.message, advice: ADVICE };
  if (error instanceof ProgramTimeout) {
    return { message: `${describeLogin(source)}: ${error.message}`, advice: SERVER_ADVICE };
  }
  return undefined;
}

function secretAdvice({ password }: MysqlSource): string {
  switch (password?.kind) {
    case 'file':
      return "Give the worker's user the right to read that file, or correct its path.";
    case 'command':
      return "Run that command as the worker's user to see more.";
    default:
      return "Set it in the worker's environment, and restart the worker.";
  }
}

function describe({ source, client, catalog }: Session): string {
  const bytes = catalog.tables.reduce((sum, table) => sum + table.bytes, 0);
  const size = `${catalog.tables.length} tables, about ${Math.ceil(bytes / 1024 / 1024)} MiB`;
  const tls = catalog.cipher === '' ? 'no TLS' : `TLS ${catalog.cipher}`;
  const server = `${FAMILY_NAMES[catalog.family]} ${catalog.version}`;
  return `${describeLogin(source)} logs in to ${server} (${tls}); database ${source.database}: ${size}; dumped by ${client.dumpProgram} ${client.version}`;
}
