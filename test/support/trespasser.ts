import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ActivityExecutionFailedError, ActivityFailure, ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { taskQueueName } from '../../contract/names.ts';
import { Holdfast, renderConfiguration } from './holdfast.ts';
import { programs } from './phase-context.ts';
import { createTrackerDatabase } from './tracker-database.ts';

const TASK_QUEUE = taskQueueName('test-host');
const ROGUE_QUEUE = 'rogue';
/** What a worker may start. Each of them notes that it was. */
const TOOLS = ['restic', 'sqlite3', 'tar', 'zstd', 'ls', 'fusermount3'];
const BY_REPOSITORY: readonly string[] = ['check', 'prune', 'unlockRepository', 'initRepository'];

/** How something that was asked for ended; `type` is `none` when it was done. */
export interface Refusal {
  what: string;
  type: string;
  message: string;
}

/** Those that were not refused as they should be: as ConfigInvalid, in a few words, and with nothing that acts on a terminal. */
export function odd(refusals: readonly Refusal[]): Refusal[] {
  const isRight = ({ type, message }: Refusal) =>
    type === 'ConfigInvalid' && message.length < 700 && !/(?!\n)\p{C}/u.test(message);
  return refusals.filter((refusal) => !isRight(refusal));
}

const render = (directory: string) => `${renderConfiguration(directory, {
  sources: `files:\n  config: { base: ${directory}/data, paths: [app.toml] }\nsqlite:\n  tracker: { path: ${directory}/data/tracker.db }`,
  extra: `archive: { directory: ${directory}/archives }`,
})}  other:
    repository: main
    sources: { files: { config: { base: ${directory}/data, paths: [secret.toml] } } }
`;

/** A Holdfast with two plans in one repository, which also holds a snapshot of another host, and somebody who reaches its Temporal. */
export class Trespasser {
  readonly holdfast: Holdfast;
  /** Ids by plan, and that of the other host. */
  readonly snapshots: Readonly<Record<'tracker' | 'other' | 'otherHost', string>>;
  readonly #tools: string;

  private constructor(holdfast: Holdfast, tools: string, snapshots: Trespasser['snapshots']) {
    this.holdfast = holdfast;
    this.#tools = tools;
    this.snapshots = snapshots;
  }

  static async create(): Promise<Trespasser> {
    const tools = await makeTools();
    const path = [tools, fileURLToPath(new URL('../../.tools/bin', import.meta.url)), process.env['PATH']].join(delimiter);
    const holdfast = await Holdfast.create(render, { environment: { PATH: path } });
    const { directory } = holdfast;
    await writeFile(join(directory, 'data/app.toml'), 'a = 1\n');
    await writeFile(join(directory, 'data/secret.toml'), 'secret = 1\n');
    await createTrackerDatabase(join(directory, 'data/tracker.db'), { journalMode: 'wal', bytes: 200_000 });
    await holdfast.restic('init');
    await holdfast.up();
    const backUp = async (plan: string) => (await holdfast.backup(plan)).run.snapshot_id ?? '';
    const own = { tracker: await backUp('tracker'), other: await backUp('other') };
    await holdfast.restic('backup', '--host', 'other-host', '--tag', 'plan:tracker', join(directory, 'data/app.toml'));
    const [foreign] = JSON.parse(await holdfast.restic('snapshots', '--json', '--host', 'other-host')) as { id: string }[];
    return new Trespasser(holdfast, tools, { ...own, otherHost: foreign?.id ?? '' });
  }

  async stop(): Promise<void> {
    await this.holdfast.stop();
    await rm(this.#tools, { recursive: true, force: true });
  }

  /** Restores the snapshot of the plan, changes it, backs it up again as Holdfast would have, and returns the new id. */
  async craft(change: (tree: string) => Promise<void>): Promise<string> {
    const { directory, environment } = this.holdfast;
    const tree = join(directory, 'crafted');
    await this.holdfast.restic('restore', this.snapshots.tracker, '--target', tree);
    await change(tree);
    const env = { RESTIC_PASSWORD: environment['RESTIC_SECRET'] ?? '', RESTIC_CACHE_DIR: join(directory, 'cache') };
    const args = ['-r', join(directory, 'repository'), 'backup', '--json', '--host', 'test-host', '--tag', 'plan:tracker', '.'];
    const output = await this.holdfast.tool('restic', args, { env, cwd: tree });
    await rm(tree, { recursive: true });
    return (JSON.parse(output.trim().split('\n').at(-1) ?? '') as { snapshot_id: string }).snapshot_id;
  }

  /** Everything that lies where Holdfast lays things, and what the worker has started so far. */
  async look(): Promise<{ files: string[]; started: string[] }> {
    const places = ['staging', 'state/plans', 'state/drill', 'state/evidence', 'state/repositories', 'restore', 'archives'];
    const files = await Promise.all(
      places.map(async (place) => {
        const names = await readdir(join(this.holdfast.directory, place), { recursive: true }).catch(() => []);
        return names.map((name) => `${place}/${name}`);
      }),
    );
    const started = await readFile(join(this.#tools, 'started'), 'utf8').catch(() => '');
    return { files: files.flat().toSorted(), started: started.split('\n') };
  }

  /** Starts a workflow as anybody can who reaches the frontend. */
  async start(workflow: string, input: unknown, workflowId = `untrusted-${randomUUID()}`): Promise<Refusal> {
    const what = `${workflow} ${input === undefined ? 'nothing' : JSON.stringify(input).slice(0, 80)}`;
    const options = { taskQueue: TASK_QUEUE, workflowId, args: input === undefined ? [] : [input] };
    return this.holdfast.withClient(async (client) => judged(what, client.workflow.execute(workflow, options)));
  }

  /** Starts many, a few at a time. */
  async startAll(cases: readonly (readonly [workflow: string, input: unknown])[]): Promise<Refusal[]> {
    const refusals: Refusal[] = [];
    for (let index = 0; index < cases.length; index += 10) {
      const some = cases.slice(index, index + 10).map(([workflow, input]) => this.start(workflow, input));
      refusals.push(...(await Promise.all(some)));
    }
    return refusals;
  }

  /** Has an activity run by itself, without any workflow. */
  async runActivity(activity: string, input: unknown): Promise<Refusal> {
    const options = { id: `rogue-${randomUUID()}`, taskQueue: TASK_QUEUE, args: [input], startToCloseTimeout: 30_000 };
    return this.holdfast.withClient(async (client) => judged(activity, client.activity.execute(activity, options)));
  }

  /**
   * Lends a body a function that has an activity scheduled by a workflow of somebody else's, under the name of one of ours or another
   * one. Its input gets the workflow id it runs under.
   */
  async withRogueWorkflows(body: (ask: AskRogue) => Promise<void>): Promise<void> {
    const connection = await NativeConnection.connect({ address: this.holdfast.address });
    try {
      const workflowsPath = fileURLToPath(new URL('./rogue-workflows.ts', import.meta.url));
      const worker = await Worker.create({ connection, taskQueue: ROGUE_QUEUE, workflowsPath });
      await worker.runUntil(() =>
        this.holdfast.withClient((client) =>
          body((workflow, activity, input) => {
            const workflowId = `rogue/${randomUUID()}`;
            const args = [TASK_QUEUE, activity, input(workflowId)];
            return client.workflow.execute(workflow, { taskQueue: ROGUE_QUEUE, workflowId, args });
          }),
        ),
      );
    } finally {
      await connection.close();
    }
  }
}

type AskRogue = (workflow: 'backup' | 'stranger', activity: string, input: (workflowId: string) => unknown) => Promise<string>;

/** Stand before the real tools on the worker's PATH, and write down each call. */
async function makeTools(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-tools-'));
  for (const tool of TOOLS) {
    const real = await programs.find(tool).catch(() => undefined);
    if (real === undefined) continue;
    const wrapper = join(directory, tool);
    await writeFile(wrapper, `#!/bin/sh\necho "${tool} $*" >> ${directory}/started\nexec ${real} "$@"\n`);
    await chmod(wrapper, 0o755);
  }
  return directory;
}

async function judged(what: string, execution: Promise<unknown>): Promise<Refusal> {
  try {
    await execution;
    return { what, type: 'none', message: 'it was done' };
  } catch (error) {
    const isWrapper = error instanceof WorkflowFailedError || error instanceof ActivityExecutionFailedError;
    const failure = isWrapper ? error.cause : error;
    const cause = failure instanceof ActivityFailure ? failure.cause : failure;
    if (!(cause instanceof ApplicationFailure)) throw error;
    return { what, type: cause.type ?? '', message: cause.message };
  }
}

const NAMES = [
  'nope',
  '',
  'x'.repeat(1_000_000),
  '../../etc',
  '/etc/passwd',
  '--help',
  '-r/tmp',
  '$(touch /tmp/owned)',
  'tracker\nother',
  'tracker\0',
  '\u001B]0;owned\u0007\u009B31m',
  '\u202Erekcart',
  '👻',
  '__proto__',
  'constructor',
];
const WRONG = [null, 1, true, ['tracker'], { name: 'tracker' }];

/** Anything but an object with the one name. */
function inputsBy(key: string, known: string): unknown[] {
  return [
    undefined,
    null,
    'tracker',
    [],
    [{ [key]: known }],
    {},
    ...NAMES.map((name) => ({ [key]: name })),
    ...WRONG.map((value) => ({ [key]: value })),
    { [key]: known, path: '/etc' },
    { [key]: known, ['x'.repeat(100_000)]: 1 },
    { [key]: { $ref: known }, nested: { deep: [[[{}]]] } },
    JSON.parse(`{"__proto__": {"${key}": "${known}"}}`),
  ];
}

/** What no workflow takes: wrong types, extra keys, and names of nothing. */
export function hostileInputs(workflow: string): unknown[] {
  return BY_REPOSITORY.includes(workflow) ? inputsBy('repository', 'main') : inputsBy('plan', 'tracker');
}
