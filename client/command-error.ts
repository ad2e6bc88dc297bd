import { EXIT, exitCodeOfFailure } from './exit-codes.ts';

/** A command cannot do its work, for a known reason. Its message is printed as it is, its type and exit code with `--json`. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** A key of FAILURES, or `Usage`, `Unreachable`, `NoWorker`. */
  readonly type: string;
  readonly exitCode: number;

  constructor(type: string, exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.type = type;
    this.exitCode = exitCode;
  }
}

/** The command line or a name in it cannot be right. */
export function usageError(message: string): CommandError {
  return new CommandError('Usage', EXIT.usage, message);
}

/** What any thrown value means for whoever called `holdfast`. */
export interface ErrorReport {
  type: string;
  message: string;
  exitCode: number;
  /** False: nobody foresaw it, so its stack is worth showing on request. */
  isExpected: boolean;
}

/**
 * Reads a thrown value. Errors of Temporal, of config/ and of worker/ are told by their names, so that none of them has to be loaded
 * for it.
 */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof CommandError) {
    return { type: error.type, message: error.message, exitCode: error.exitCode, isExpected: true };
  }
  if (!(error instanceof Error)) return { type: 'Unexpected', message: String(error), exitCode: EXIT.failed, isExpected: false };
  if (error.name === 'ConfigurationError') {
    return { type: 'ConfigInvalid', message: error.message, exitCode: EXIT.usage, isExpected: true };
  }
  // Of worker/: the one who reads it can do something about a port or another `up`, and nothing about a stack.
  if (error.name === 'StartError') {
    return { type: 'StartFailed', message: error.message, exitCode: EXIT.failed, isExpected: true };
  }
  if (error.name === 'WorkflowFailedError') return reportFailedWorkflow(error);
  return reportTemporalError(error) ?? { type: 'Unexpected', message: error.message, exitCode: EXIT.failed, isExpected: false };
}

/** gRPC status codes (github.com/grpc/grpc, doc/statuscodes.md) that say that nobody answered. */
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

function reportTemporalError(error: Error): ErrorReport | undefined {
  if (error.name === 'NamespaceNotFoundError') {
    return unreachable(
      `${error.message}. Set TEMPORAL_NAMESPACE to one that exists, or create it: temporal operator namespace create -n NAME`,
    );
  }
  const code = grpcCode(error) ?? grpcCode(error.cause);
  if (code === DEADLINE_EXCEEDED || code === UNAVAILABLE) {
    return unreachable('Temporal stopped answering. A run in progress is not lost: it goes on when the server is back.');
  }
  if (code === PERMISSION_DENIED || code === UNAUTHENTICATED) {
    return unreachable(
      'Temporal refuses these credentials. Check TEMPORAL_API_KEY, the TEMPORAL_TLS_* variables and the profile.',
    );
  }
  return undefined;
}

function unreachable(message: string): ErrorReport {
  return { type: 'Unreachable', message, exitCode: EXIT.unreachable, isExpected: true };
}

function grpcCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}

/** The innermost failure that has a type says what went wrong; the layers around it only say where. */
function reportFailedWorkflow(error: Error): ErrorReport {
  const causes = causeChain(error);
  const failure = causes.find((cause) => cause.name === 'ApplicationFailure');
  if (failure !== undefined) {
    const type = 'type' in failure && typeof failure.type === 'string' ? failure.type : 'Unexpected';
    return { type, message: failure.message, exitCode: exitCodeOfFailure(type), isExpected: true };
  }
  if (causes.some((cause) => cause.name === 'TimeoutFailure')) {
    const message = 'The worker took too long to answer. See whether it runs: holdfast doctor';
    return { type: 'NoWorker', message, exitCode: EXIT.unreachable, isExpected: true };
  }
  const isCancelled = causes.some((cause) => cause.name === 'CancelledFailure');
  const message = causes.at(-1)?.message ?? error.message;
  return { type: 'Unexpected', message, exitCode: isCancelled ? EXIT.cancelled : EXIT.failed, isExpected: true };
}

function causeChain(error: Error): Error[] {
  const chain: Error[] = [];
  for (let cause = error.cause; cause instanceof Error && !chain.includes(cause); cause = cause.cause) chain.push(cause);
  return chain;
}
