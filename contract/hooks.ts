/** What is shared about hooks: the journal of what is owed, and how a command is shown. */

/** So often the dumps of one run are made when the service that was stopped for them had to be started in between. */
export const MAX_DUMP_ROUNDS = 3;

/** File below a plan's state directory that says that after_dump is owed. */
export const HOOKS_JOURNAL = 'hooks.json';

/** What is owed: written before the first command of before_dump, removed after the last one of after_dump. The field names are JSON. */
export interface HooksJournal {
  host: string;
  plan: string;
  workflow_id: string;
  run_id: string;
  /** ISO 8601 in UTC. */
  since: string;
  /**
   * `running`: at work, or interrupted, so that what it has begun may still be going on. `failed`: it ended without success.
   * `done`: all of it succeeded.
   */
  before_dump: 'running' | 'failed' | 'done';
  /** Argv lists, in case that the plan is no longer in holdfast.yaml. */
  after_dump: string[][];
  state?: string[] | undefined;
  timeout_ms: number;
  max_stopped_ms: number;
  /** When the worker undid before_dump by itself while its run went on: nothing is owed any more, and the run has to know. */
  undone_at?: string | undefined;
  /** after_dump fails: since when, how often, and what it said last. */
  failure?: { since: string; attempts: number; message: string } | undefined;
}

/** An argv as one would type it into a shell. */
export function renderCommand(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/** Several commands as one would type them into a shell. */
export function renderCommands(commands: readonly (readonly string[])[]): string {
  return commands.map(renderCommand).join(' && ');
}
