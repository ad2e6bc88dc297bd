import type { SecretReference } from '../config/types.ts';
import type { NotifyInput } from '../contract/activities.ts';
import type { RunRecord } from '../contract/backup.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { messageDocument, messageText } from './notifications/message.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseError } from './phase-error.ts';

const TIMEOUT_MS = 15_000;
/** Answers that may be other ones later (RFC 9110: request timeout, too early, too many requests). */
const PASSING_STATUS = [408, 425, 429];

interface Delivery {
  /** For messages: `notifications[0]`. */
  name: string;
  record: RunRecord;
  deps: ActivityDependencies;
  context: PhaseContext;
}

/**
 * Tells one receiver how a run ended. A retry may tell it twice: better than not at all.
 *
 * @throws {PhaseError} NotificationFailed, not retried after an answer that will not change
 */
export async function notify(
  deps: ActivityDependencies,
  { record, notification }: NotifyInput,
  context: PhaseContext,
): Promise<object> {
  const receiver = deps.configuration.notifications[notification];
  if (receiver === undefined) return {};
  const delivery = { name: `notifications[${notification}]`, record, deps, context };
  if ('url' in receiver.target) await post(delivery, receiver.target.url, receiver.format);
  else await runCommand(delivery, receiver.target.command);
  return {};
}

async function post({ name, record, context }: Delivery, reference: SecretReference, format: 'json' | 'text'): Promise<void> {
  const url = parseUrl(name, await context.readSecret(reference));
  const isText = format === 'text';
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' },
    body: isText ? messageText(record) : JSON.stringify(messageDocument(record)),
    signal: AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]),
  }).catch((error: unknown) => {
    throw new PhaseError('NotificationFailed', `${name}: ${url.host} cannot be reached: ${reasonOf(error)}`);
  });
  await response.body?.cancel();
  if (response.ok) return;
  const isFinal = response.status < 500 && !PASSING_STATUS.includes(response.status);
  throw new PhaseError('NotificationFailed', `${name}: ${url.host} answered ${response.status}. Check its address.`, { isFinal });
}

/** fetch says "fetch failed", and why only in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? cause.message : String(error);
}

/** The address may hold a token, so a message never repeats it. */
function parseUrl(name: string, text: string): URL {
  if (URL.canParse(text) && /^https?:/.test(text)) return new URL(text);
  throw new PhaseError('NotificationFailed', `${name}: what its url names is no http or https address.`, { isFinal: true });
}

async function runCommand({ name, record, deps, context }: Delivery, argv: readonly string[]): Promise<void> {
  const [program = '', ...args] = argv;
  const result = await deps.programs.run({
    // It is no part of a phase, and may start anything.
    keepsPriority: true,
    program,
    args,
    input: `${JSON.stringify(messageDocument(record))}\n`,
    timeoutMs: TIMEOUT_MS,
    signal: context.signal,
  });
  if (result.exitCode === 0) return;
  throw new PhaseError('NotificationFailed', `${name}: ${program} ended with exit code ${result.exitCode}: ${result.stderr}`);
}
