import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Holdfast } from './holdfast.ts';
import { createTrackerDatabase } from './tracker-database.ts';

/**
 * A service as hooks see it: a background process, and a program that starts it, stops it and says whether it runs. Files beside
 * it slow that program down or make it fail.
 */
const SERVICE = `#!/bin/sh
cd "$(dirname "$0")" || exit 9
echo "$1 $HOLDFAST_HOOK $HOLDFAST_PLAN $HOLDFAST_RUN_ID \${RESTIC_SECRET:-no-secret} $(date +%s.%N)" >>calls
: >"at-$1"
while [ -e "hold-$1" ]; do sleep 0.05; done
rm -f "at-$1"
if [ -e "fail-$1" ]; then
  left=$(cat "fail-$1")
  if [ "$left" -gt 1 ]; then echo $((left - 1)) >"fail-$1"; else rm "fail-$1"; fi
  echo "the service manager does not answer"
  exit 7
fi
alive() { [ -e pid ] && kill -0 "$(cat pid)" 2>/dev/null; }
case $1 in
  start) alive || { sleep 100000 & echo $! >pid; } ;;
  stop) if alive; then kill "$(cat pid)"; fi; rm -f pid ;;
  state) alive ;;
esac
`;

/** Stands before the real sqlite3: waits while \`hold-dump\` is there and the service is stopped. */
const SQLITE3 = (real: string) => `#!/bin/sh
d=$(dirname "$0")
if [ -e "$d/hold-dump" ] && [ ! -e "$d/pid" ]; then
  : >"$d/at-dump"
  while [ -e "$d/hold-dump" ]; do sleep 0.05; done
  rm -f "$d/at-dump"
fi
exec ${real} "$@"
`;

type Step = 'start' | 'stop' | 'state' | 'dump';

export interface Call {
  verb: string;
  hook: string;
  plan: string;
  runId: string;
  secret: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** A service in a directory of its own, and what happens to it. */
export class HookedService {
  readonly directory: string;
  /** Path of the program. */
  readonly program: string;

  constructor(directory: string) {
    this.directory = directory;
    this.program = join(directory, 'service');
  }

  /** Writes the programs; the service does not run yet. */
  async install(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    const found = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'sqlite3'));
    const real = await firstThatIs(found);
    for (const [name, text] of [
      ['service', SERVICE],
      ['sqlite3', SQLITE3(real)],
    ] as const) {
      await writeFile(join(this.directory, name), text);
      await chmod(join(this.directory, name), 0o755);
    }
  }

  /** Makes the database and the repository that a configuration has, and puts the programs before those of a Holdfast that is not up yet. */
  async prepareBackups(holdfast: Holdfast): Promise<void> {
    await createTrackerDatabase(join(holdfast.directory, 'data/tracker.db'), { journalMode: 'wal', bytes: 1_000_000 });
    await holdfast.restic('init');
    holdfast.environment['PATH'] = `${this.directory}:${holdfast.environment['PATH']}`;
  }

  /** YAML of a plan's hooks that stop and start it. */
  hooks(extra = ''): string {
    const hook = (verb: string) => `[${this.program}, ${verb}]`;
    return `hooks:\n  before_dump: ${hook('stop')}\n  after_dump: ${hook('start')}\n  state: ${hook('state')}\n${extra}`;
  }

  /** Starts the service as its operator would. */
  async start(): Promise<void> {
    const child = spawn('sleep', ['100000'], { detached: true, stdio: 'ignore' });
    child.unref();
    await writeFile(join(this.directory, 'pid'), String(child.pid));
  }

  /** Stops it as its operator would. */
  async stop(): Promise<void> {
    if (await this.isRunning()) process.kill(Number(await this.#read('pid')), 'SIGKILL');
    await rm(join(this.directory, 'pid'), { force: true });
  }

  async isRunning(): Promise<boolean> {
    const pid = Number(await this.#read('pid'));
    if (!(pid > 0)) return false;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ' Z ');
    return !/\) Z|^ Z/.test(stat);
  }

  /** Lets a step wait until {@link release}. */
  async hold(step: Step): Promise<void> {
    // One that was killed left it.
    await rm(join(this.directory, `at-${step}`), { force: true });
    await writeFile(join(this.directory, `hold-${step}`), '');
  }

  async release(step: Step): Promise<void> {
    await rm(join(this.directory, `hold-${step}`), { force: true });
  }

  /** Lets a step fail so often from now on; 0 for no more. */
  async fail(step: Step, times: number): Promise<void> {
    const file = join(this.directory, `fail-${step}`);
    await (times === 0 ? rm(file, { force: true }) : writeFile(file, String(times)));
  }

  /** Waits until a step that is held is at work. */
  async untilAt(step: Step): Promise<void> {
    await until(async () => (await this.#read(`at-${step}`)) !== undefined, `${step} is at work`, 60_000);
  }

  async untilRunning(limitMs: number): Promise<void> {
    await until(() => this.isRunning(), 'the service runs', limitMs);
  }

  /** How the program was called since the last time that was asked. */
  async takeCalls(): Promise<Call[]> {
    const text = (await this.#read('calls')) ?? '';
    await rm(join(this.directory, 'calls'), { force: true });
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [verb = '', hook = '', plan = '', runId = '', secret = '', at = ''] = line.split(' ');
        return { verb, hook, plan, runId, secret, at: Number(at) * 1000 };
      });
  }

  /** Ends what still runs, and everything that waits. */
  async remove(): Promise<void> {
    for (const step of ['start', 'stop', 'state', 'dump'] as const) {
      await this.release(step);
      await this.fail(step, 0);
    }
    await this.stop();
  }

  async #read(name: string): Promise<string | undefined> {
    return readFile(join(this.directory, name), 'utf8').catch(() => undefined);
  }
}

/** Waits for a condition. @throws an Error that names it when it does not come in time */
export async function until(condition: () => Promise<boolean>, what: string, limitMs: number): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what}: not so within ${limitMs / 1000} s`);
    await sleep(50);
  }
}

async function firstThatIs(paths: string[]): Promise<string> {
  for (const path of paths) {
    const is = await readFile(path).then(
      () => true,
      () => false,
    );
    if (is) return path;
  }
  throw new Error('there is no sqlite3 on the PATH');
}
