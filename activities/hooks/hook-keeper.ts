/**
 * The safety net under hooks: whoever stopped something for a backup starts it again, whatever became of the run.
 *
 * What must never be here: giving up, or a wait for Temporal that nobody ends.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Configuration } from '../../config/types.ts';
import { type HooksJournal, renderCommands } from '../../contract/hooks.ts';
import type { Programs } from '../../process/programs.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { PhaseError } from '../phase-error.ts';
import type { ActivePhases } from '../run/active-phases.ts';
import type { IsRunOpen } from '../run/claim.ts';
import { findJournals, type OwedHooks, readJournal, removeJournal, writeJournal } from './journal.ts';
import { commandsOf, undoBeforeDump } from './undo.ts';

/** How long Temporal may be away while something is stopped and no phase is at work. */
const UNREACHABLE_LIMIT_MS = 60_000;
/** An answer of Temporal that takes longer is none. */
const ANSWER_LIMIT_MS = 10_000;
/** The run itself ends its dumps when max_stopped has passed; so much later it is taken to be unable to. */
const OVERDUE_MARGIN_MS = 60_000;
/** A command that was cut off gets so long to end. */
const SETTLE_SLACK_MS = 2_000;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 5 * 60_000;

export interface HookKeeperOptions {
  configuration: Configuration;
  programs: Programs;
  activePhases: ActivePhases;
  /** As the worker sees it; rejects while Temporal cannot be reached. */
  isRunOpen: IsRunOpen;
  log: (line: string) => void;
  /** Told at each look: whether after_dump of a plan is owed, and how often it has failed. */
  onLook?: (plan: string, owed: boolean, failedAttempts: number) => void;
}

/** Why a debt is settled by the worker and not by its run. */
interface Reason {
  text: string;
  /** Then nobody has to be told, and the journal can go. */
  isRunOver: boolean;
}

export class HookKeeper {
  readonly #options: HookKeeperOptions;
  readonly #looking = new Set<string>();
  /** By directory: not to be tried before, in milliseconds since 1970. */
  readonly #pausedUntil = new Map<string, number>();
  /** Plans whose debts were told of, so that their end is told too. */
  readonly #told = new Set<string>();
  #unreachableSince: number | undefined;

  constructor(options: HookKeeperOptions) {
    this.#options = options;
  }

  /** Keeps all that touches the hooks of one plan apart. */
  exclusively<Result>(directory: string, body: () => Promise<Result>): Promise<Result> {
    return oneAtATime(`hooks ${directory}`, body);
  }

  /**
   * Undoes before_dump, and notes and tells a failure. To be called within {@link exclusively}; the journal stays.
   *
   * @throws {HookError} the reason of the signal
   */
  async undo(owed: OwedHooks, signal?: AbortSignal): Promise<void> {
    try {
      await undoBeforeDump(this.#options, owed, signal);
      this.#pausedUntil.delete(owed.directory);
    } catch (error) {
      if (signal?.aborted !== true) await this.#noteFailure(owed, error);
      throw error;
    }
  }

  /**
   * Undoes what an older run of a plan owes. Returns the journal of it, or undefined when nothing was owed.
   *
   * @throws {HookError}
   */
  settleOlder(directory: string, runId: string, signal: AbortSignal): Promise<HooksJournal | undefined> {
    return this.exclusively(directory, async () => {
      const journal = await readJournal(directory);
      if (journal === undefined || journal.run_id === runId) return undefined;
      if (journal.undone_at === undefined) await this.undo({ directory, journal }, signal);
      await removeJournal(directory);
      return journal.undone_at === undefined ? journal : undefined;
    });
  }

  /** Looks at all debts, and settles those that no run will settle. Never rejects. */
  async look(): Promise<void> {
    const { configuration, log } = this.#options;
    try {
      const directories = await findJournals(configuration.stateDirectory);
      const looks = directories.filter((directory) => !this.#looking.has(directory));
      await Promise.all(looks.map((directory) => this.#lookAt(directory)));
      await this.#tell();
    } catch (error) {
      log(`hooks: what is owed cannot be looked at: ${messageOf(error)}`);
    }
  }

  /** Settles every debt now: this process ends, and nobody knows when the next one begins. Never rejects. */
  async settleAll(limitMs: number): Promise<void> {
    const { configuration, log } = this.#options;
    const signal = AbortSignal.timeout(limitMs);
    const directories = await findJournals(configuration.stateDirectory).catch(() => []);
    const settled = Promise.all(
      directories.map((directory) =>
        this.#settle(directory, { text: 'this worker ends', isRunOver: false }, signal).catch((error: unknown) => {
          if (signal.aborted) log(`hooks: no time was left to run after_dump in ${directory}: a worker does it when it starts.`);
          else log(`hooks: ${messageOf(error)}`);
        }),
      ),
    );
    // A phase that outlived the worker may hold one of them.
    await Promise.race([settled, delay(limitMs + SETTLE_SLACK_MS, undefined, { ref: false })]);
  }

  async #lookAt(directory: string): Promise<void> {
    this.#looking.add(directory);
    try {
      if (Date.now() < (this.#pausedUntil.get(directory) ?? 0)) return;
      const journal = await readJournal(directory);
      if (journal?.undone_at !== undefined) return await this.#forgetWhenOver(directory, journal);
      const reason = journal && (await this.#reasonToSettle(journal));
      if (reason !== undefined) await this.#settle(directory, reason);
    } catch (error) {
      // Told of when it failed, and when it is tried again was decided then.
      if (error instanceof PhaseError) return;
      this.#pausedUntil.set(directory, Date.now() + LONGEST_PAUSE_MS);
      this.#options.log(`hooks: ${messageOf(error)}`);
    } finally {
      this.#looking.delete(directory);
    }
  }

  async #settle(directory: string, { text, isRunOver }: Reason, signal?: AbortSignal): Promise<void> {
    await this.exclusively(directory, async () => {
      const journal = await readJournal(directory);
      // Its run was faster.
      if (journal === undefined || journal.undone_at !== undefined) return;
      await this.undo({ directory, journal }, signal);
      if (isRunOver) await removeJournal(directory);
      else await writeJournal({ directory, journal: { ...journal, failure: undefined, undone_at: new Date().toISOString() } });
      const { plan, since } = journal;
      this.#options.log(`hooks: ran after_dump of plan ${plan}, owed since ${since}, because ${text}`);
    });
  }

  /** A debt that was settled is only kept for its run to know of. */
  async #forgetWhenOver(directory: string, journal: HooksJournal): Promise<void> {
    if (this.#options.activePhases.has(journal.run_id) || (await this.#isRunOpen(journal)) !== false) return;
    await this.exclusively(directory, async () => {
      const current = await readJournal(directory);
      if (current?.run_id === journal.run_id && current.undone_at !== undefined) await removeJournal(directory);
    });
  }

  async #reasonToSettle(journal: HooksJournal): Promise<Reason | undefined> {
    const { activePhases, configuration } = this.#options;
    // Away from now in either direction: a clock that was set back must not make a debt last longer.
    const ageMs = Math.abs(Date.now() - Date.parse(journal.since));
    if (ageMs > journal.max_stopped_ms + OVERDUE_MARGIN_MS) return { text: 'max_stopped has passed', isRunOver: false };
    if (activePhases.has(journal.run_id)) return undefined;
    const isOpen = await this.#isRunOpen(journal);
    if (isOpen === false) return { text: `its run ${journal.workflow_id} is over`, isRunOver: true };
    if (!configuration.plans.has(journal.plan)) return { text: 'the plan is no longer configured', isRunOver: false };
    if (isOpen === true || Date.now() - (this.#unreachableSince ?? Date.now()) < UNREACHABLE_LIMIT_MS) return undefined;
    return { text: 'Temporal cannot be reached', isRunOver: false };
  }

  /** undefined when Temporal does not answer; since when that is so is noted. */
  async #isRunOpen({ workflow_id: workflowId, run_id: runId }: HooksJournal): Promise<boolean | undefined> {
    const askedAt = Date.now();
    try {
      const isOpen = await withinLimit(this.#options.isRunOpen({ workflowId, runId }));
      this.#unreachableSince = undefined;
      return isOpen;
    } catch {
      this.#unreachableSince ??= askedAt;
      return undefined;
    }
  }

  async #noteFailure({ directory, journal }: OwedHooks, error: unknown): Promise<void> {
    const attempts = (journal.failure?.attempts ?? 0) + 1;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
    this.#pausedUntil.set(directory, Date.now() + pauseMs);
    const failure = { since: journal.failure?.since ?? new Date().toISOString(), attempts, message: messageOf(error) };
    await writeJournal({ directory, journal: { ...journal, failure } });
    const { afterDump } = commandsOf(this.#options.configuration, journal);
    const advice = `It is tried again and again. To do it by hand: ${renderCommands(afterDump)}`;
    this.#options.log(
      `hooks: after_dump of plan ${journal.plan} is owed since ${journal.since} and failed ${attempts} times: ${failure.message}. ${advice}`,
    );
  }

  async #tell(): Promise<void> {
    const { configuration, onLook } = this.#options;
    if (onLook === undefined) return;
    for (const plan of configuration.plans.values()) if (plan.hooks !== undefined) this.#told.add(plan.name);
    const owed = new Map<string, number>();
    for (const directory of await findJournals(configuration.stateDirectory)) {
      const journal = await readJournal(directory).catch(() => undefined);
      if (journal !== undefined && journal.undone_at === undefined) owed.set(journal.plan, journal.failure?.attempts ?? 0);
    }
    for (const plan of owed.keys()) this.#told.add(plan);
    for (const plan of this.#told) onLook(plan, owed.has(plan), owed.get(plan) ?? 0);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** @throws an Error when there is no answer in time */
async function withinLimit(answer: Promise<boolean>): Promise<boolean> {
  const isOver = new AbortController();
  const late = delay(ANSWER_LIMIT_MS, undefined, { signal: isOver.signal });
  try {
    return await Promise.race([
      answer,
      late.then((): never => {
        throw new Error('no answer in time');
      }),
    ]);
  } finally {
    isOver.abort();
  }
}
