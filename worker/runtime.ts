import type { MetricMeter } from '@temporalio/common';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { findFreePort } from './free-port.ts';

/**
 * Installs the SDK's runtime: once per process, before anything else of @temporalio/worker is used.
 *
 * Returns the loopback port on which it exports metrics. The process's signals stay ours: the commands decide what they mean.
 */
export async function installRuntime(log: (line: string) => void): Promise<{ metricsPort: number; meter: MetricMeter }> {
  const metricsPort = await findFreePort();
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => log(renderEntry(level, message, meta)));
  const runtime = Runtime.install({
    logger,
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: 'WARN', forward: {} },
      metrics: { prometheus: { bindAddress: `127.0.0.1:${metricsPort}`, useSecondsForDurations: true } },
    },
  });
  return { metricsPort, meter: runtime.metricMeter };
}

const MAX_LINE = 1_000;

function renderEntry(level: string, message: string, meta: Record<string, unknown> | undefined): string {
  const fields = ['workflowId', 'activityType', 'attempt', 'error'].flatMap((name) => {
    const value = meta?.[name];
    if (value === undefined) return [];
    return [`${name}=${value instanceof Error ? value.message : JSON.stringify(value)}`];
  });
  // One line each, whatever a tool has printed into it.
  return [level.toLowerCase(), message, ...fields]
    .join(' ')
    .replaceAll(/\s*\n\s*/g, ' / ')
    .slice(0, MAX_LINE);
}
