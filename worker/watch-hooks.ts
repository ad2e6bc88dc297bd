import { HookKeeper } from '../activities/hooks/hook-keeper.ts';
import { ActivePhases } from '../activities/run/active-phases.ts';
import type { Configuration } from '../config/types.ts';
import { createPrograms } from '../process/programs.ts';
import { takeStateDirectory } from './state-directory.ts';

/** What is owed is looked at so often. With a run that is over, a service is back after this and a little more. */
const LOOK_EACH_MS = 10_000;

/** A worker that ends has so long to start what it stopped. */
const SETTLE_LIMIT_MS = 30_000;

/** Looks at what hooks owe, now and then again and again, until the returned function is called. */
export function watchHooks(hooks: HookKeeper): () => void {
  void hooks.look();
  const timer = setInterval(() => void hooks.look(), LOOK_EACH_MS);
  return () => clearInterval(timer);
}

/** Starts what this host has stopped, as far as that can be done within 30 s. Never rejects. */
export async function settleHooks(hooks: HookKeeper): Promise<void> {
  await hooks.settleAll(SETTLE_LIMIT_MS);
}

/**
 * As {@link settleHooks}, where no worker comes to run.
 *
 * @throws {StartError} when another worker has the state directory: then it is that one's to do
 */
export async function settleHooksOf(options: {
  configuration: Configuration;
  environment: Readonly<Record<string, string | undefined>>;
  log: (line: string) => void;
}): Promise<void> {
  const { configuration, environment, log } = options;
  await takeStateDirectory(configuration.stateDirectory, { environment, log });
  const programs = createPrograms(environment);
  const isRunOpen = withoutTemporal;
  await settleHooks(new HookKeeper({ configuration, programs, activePhases: new ActivePhases(), isRunOpen, log }));
}

function withoutTemporal(): Promise<never> {
  return Promise.reject(new Error('there is no Temporal'));
}
