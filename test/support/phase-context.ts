import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PhaseContext } from '../../activities/phase.ts';
import { createSecretReader } from '../../activities/secrets/read-secret.ts';
import type { Progress } from '../../contract/progress.ts';
import { createPrograms, type Programs } from '../../process/programs.ts';
import { createRedactor } from '../../process/redaction.ts';

/** A runner with the environment of the test. */
export const programs: Programs = createPrograms(process.env);

export interface TestContext extends PhaseContext {
  warnings: string[];
  progress: Progress[];
  controller: AbortController;
}

/** A phase context outside Temporal that remembers what it was told. */
export function createTestContext(environment: Record<string, string | undefined> = process.env): TestContext {
  const controller = new AbortController();
  const warnings: string[] = [];
  const progress: Progress[] = [];
  const secrets = new Set<string>();
  const readSecret = createSecretReader({ programs, environment });
  return {
    attempt: 1,
    controller,
    warnings,
    progress,
    signal: controller.signal,
    now: () => Date.now(),
    remainingMs: () => Number.POSITIVE_INFINITY,
    report: (latest) => void progress.push(latest),
    warn: (message) => void warnings.push(message),
    readSecret: async (reference) => {
      const value = await readSecret(reference, controller.signal);
      secrets.add(value);
      return value;
    },
    redact: (text) => createRedactor(secrets)(text),
  };
}

/** Runs a body with a new directory and removes it afterwards, whatever happened. */
export async function withDirectory<Result>(body: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  try {
    return await body(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
