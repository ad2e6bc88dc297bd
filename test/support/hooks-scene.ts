import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterDump } from '../../activities/after-dump.ts';
import { beforeDump } from '../../activities/before-dump.ts';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { HookKeeper } from '../../activities/hooks/hook-keeper.ts';
import { readJournal } from '../../activities/hooks/journal.ts';
import { ActivePhases } from '../../activities/run/active-phases.ts';
import { claimPlan } from '../../activities/run/claim.ts';
import type { Hooks } from '../../config/types.ts';
import type { HooksJournal } from '../../contract/hooks.ts';
import { configurationOf, plan } from './configurations.ts';
import { HookedService } from './hooked-service.ts';
import { createTestContext, programs, type TestContext, withDirectory } from './phase-context.ts';

/** A plan with hooks on a service that runs, and a worker's part in it, without Temporal. */
export interface HooksScene {
  service: HookedService;
  context: TestContext;
  activePhases: ActivePhases;
  log: string[];
  /** What Temporal answers; an Error when it cannot be reached. */
  temporal: { isOpen: boolean | Error };
  /** A worker that has just started: it remembers nothing. */
  restart(changes?: Partial<Hooks> | 'without the plan'): HookKeeper;
  keeper(): HookKeeper;
  before(): Promise<object>;
  after(round?: number, isLate?: boolean): Promise<{ wasUndoneBefore: boolean }>;
  journal(): Promise<HooksJournal | undefined>;
  verbs(): Promise<string[]>;
  planDirectory: string;
}

export const RUN = { plan: 'tracker', workflowId: 'backup-1', runId: 'run-1', startedAt: '2026-11-23T03:00:00.000Z' };

export async function withHooksScene(body: (scene: HooksScene) => Promise<void>, changes: Partial<Hooks> = {}): Promise<void> {
  await withDirectory(async (directory) => {
    const service = new HookedService(join(directory, 'service'));
    await service.install();
    await service.start();
    const stateDirectory = join(directory, 'state');
    const planDirectory = join(stateDirectory, 'plans/tracker');
    await mkdir(planDirectory, { recursive: true });
    await claimPlan({ directory: planDirectory, run: RUN, isRunOpen: async () => true });
    const temporal: HooksScene['temporal'] = { isOpen: true };
    const log: string[] = [];
    let deps: ActivityDependencies;
    const scene: HooksScene = {
      service,
      context: createTestContext(),
      activePhases: new ActivePhases(),
      log,
      temporal,
      planDirectory,
      restart: (different = changes) => {
        const hooks = {
          beforeDump: [[service.program, 'stop']],
          afterDump: [[service.program, 'start']],
          state: [service.program, 'state'],
          timeoutMs: 30_000,
          maxStoppedMs: 600_000,
          ...(typeof different === 'string' ? {} : different),
        };
        const name = typeof different === 'string' ? 'another' : 'tracker';
        const configuration = {
          ...configurationOf('h', plan(name, { hooks, stateDirectory: join(stateDirectory, 'plans', name) })),
          stateDirectory,
        };
        const isRunOpen = async () => {
          if (typeof temporal.isOpen === 'boolean') return temporal.isOpen;
          throw temporal.isOpen;
        };
        const { activePhases } = scene;
        const keeper = new HookKeeper({ configuration, programs, activePhases, isRunOpen, log: (line) => void log.push(line) });
        deps = { configuration, programs, activePhases, hooks: keeper } as unknown as ActivityDependencies;
        return keeper;
      },
      keeper: () => deps.hooks,
      before: async () => beforeDump(deps, { run: RUN }, scene.context),
      after: async (round = 1, isLate = false) => afterDump(deps, { run: RUN, round, isLate }, scene.context),
      journal: async () => readJournal(planDirectory),
      verbs: async () => (await service.takeCalls()).map(({ verb }) => verb),
    };
    scene.restart();
    try {
      await body(scene);
    } finally {
      await service.remove();
    }
  });
}
