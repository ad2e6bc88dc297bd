import type { WorkflowHandle } from '@temporalio/client';
import type { Command } from 'commander';
import { MOUNTED, type MountInput } from '../../contract/mount.ts';
import type { Temporal } from '../connect.ts';
import { type Context, printResult, readConfiguration, say, withTemporal } from '../context.ts';
import { requirePlan } from '../plans.ts';
import { watchShutdown } from '../shutdown.ts';

interface MountFlags {
  json?: true;
}

/** `holdfast mount PLAN`: all snapshots of a plan as directories on the worker's machine, until Ctrl-C. */
export function addMount(program: Command, context: Context): void {
  program
    .command('mount')
    .description("mount the snapshots of a plan as directories on the worker's machine, until Ctrl-C")
    .argument('<plan>', 'name in the configuration')
    .option('--json', 'print the directory as JSON once it is there')
    .addHelpText('after', HELP)
    .action(async (plan: string, flags: MountFlags) => mount(context, plan, flags.json === true));
}

const HELP = `
The worker's machine needs FUSE. Only the worker's user, and root, can look into the
mount. Ctrl-C unmounts.

Example:
  holdfast mount tracker      # then, elsewhere: ls /var/lib/holdfast/restore/mount-tracker/snapshots`;

const LOOK_EVERY_MS = 300;

async function mount(context: Context, name: string, isJson: boolean): Promise<void> {
  const configuration = await readConfiguration(context);
  const { name: plan } = requirePlan(configuration, name);
  await withTemporal(context, async (temporal) => {
    const { startQuestion } = await import('../ask-worker.ts');
    const { WORKFLOWS } = await import('../../contract/names.ts');
    const input: MountInput = { plan };
    const { host } = configuration;
    const handle = await startQuestion(temporal, {
      host,
      workflow: WORKFLOWS.mountSnapshots,
      input,
      summary: `Mount of ${plan} on ${host}`,
    });
    const cancel = () => {
      say(context, 'unmounting');
      handle.cancel().catch((error: unknown) => say(context, `it could not be unmounted: ${String(error)}`));
    };
    const shutdown = watchShutdown(context.io, cancel);
    try {
      const ended = handle.result();
      ended.catch(() => undefined);
      const directory = await Promise.race([findDirectory(temporal, handle, shutdown.signal), ended]);
      if (directory !== undefined) {
        printResult(context, isJson, { document: { plan, directory }, lines: [directory] });
        say(context, `the snapshots are below ${directory}/snapshots; Ctrl-C unmounts them`);
      }
      await ended.catch((error: unknown) => {
        if (!shutdown.signal.aborted) throw error;
      });
    } finally {
      shutdown.release();
    }
  });
}

async function findDirectory(temporal: Temporal, handle: WorkflowHandle, stop: AbortSignal): Promise<string | undefined> {
  const { readPendingActivities } = await import('../runs/observe.ts');
  while (!stop.aborted) {
    const pending = await readPendingActivities(temporal, await handle.describe());
    const mounted = pending.find(({ progress }) => progress?.phase === MOUNTED);
    if (mounted !== undefined) return mounted.progress?.currentItem;
    await new Promise((resolve) => void setTimeout(resolve, LOOK_EVERY_MS));
  }
  return undefined;
}
