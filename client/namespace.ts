import type { Temporal } from './connect.ts';

/** How long Temporal remembers runs that have ended, in milliseconds; undefined when we may not ask. */
export async function readRetentionMs({ client }: Temporal): Promise<number | undefined> {
  try {
    const { namespace } = client.options;
    const { config } = await client.workflowService.describeNamespace({ namespace });
    const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
    return seconds > 0 ? seconds * 1000 : undefined;
  } catch {
    // Some installations let nobody but administrators look at namespaces; whoever asks can do without.
    return undefined;
  }
}
