// Preloaded into a worker by `node --import`: tells the test when a phase starts and ends, and stops it there for as long as the
// test needs to do its damage. The phase itself, its children and its retries are the real ones.
//
// At its start and end a phase waits; in its middle the whole worker stands still.
//
// In HOLDFAST_PROBE: `events.jsonl` gets a line for each start and end. `order.json` asks for one stop: { phase, moment, delayMs }.
// It is answered by `hit.json`; `release` lets the phase go on. For `child`, the children named by `programs` are killed here.
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Less than the heartbeat timeout. */
const FROZEN_AT_MOST_MS = 10_000;

const directory = process.env.HOLDFAST_PROBE;

if (directory !== undefined && process.argv.includes('worker')) {
  const { Worker } = await import('@temporalio/worker');
  const create = Worker.create.bind(Worker);
  Worker.create = (options) => create({ ...options, interceptors: { activity: [(context) => ({ inbound: probe(context) })] } });
}

function probe({ info }) {
  return {
    async execute(input, next) {
      const source = sourceOf(input.args[0]);
      const phase = source === undefined ? info.activityType : `${info.activityType} ${source}`;
      const note = (moment) => record({ phase, moment, attempt: info.attempt, runId: info.workflowExecution?.runId });
      const order = readOrder(phase);
      note('start');
      if (order?.moment === 'start' && order.programs === undefined) await stop(phase);
      const state = { isOver: false };
      const struck = order === undefined ? undefined : strike(order, phase, state);
      try {
        const result = await next(input);
        if (order?.moment === 'end' && order.programs === undefined) await stop(phase);
        note('end');
        return result;
      } catch (error) {
        note('failed');
        throw error;
      } finally {
        state.isOver = true;
        await struck;
      }
    },
  };
}

function sourceOf(argument) {
  const source = argument?.source;
  return typeof source === 'object' && source !== null ? `${source.kind}/${source.name}` : source;
}

/** An order counts once. */
function readOrder(phase) {
  const file = join(directory, 'order.json');
  if (!existsSync(file) || existsSync(join(directory, 'hit.json'))) return undefined;
  const order = JSON.parse(readFileSync(file, 'utf8'));
  return order.phase === phase ? order : undefined;
}

function record(event) {
  appendFileSync(join(directory, 'events.jsonl'), `${JSON.stringify({ ...event, at: Date.now() })}\n`);
}

function hit(phase, details = {}) {
  writeFileSync(join(directory, 'hit.json'), JSON.stringify({ phase, at: Date.now(), ...details }));
}

async function stop(phase) {
  hit(phase);
  while (!existsSync(join(directory, 'release'))) await sleep(5);
}

/** Stops the whole thread, and with it the body of the phase, exactly where it is. A child goes on by itself. */
function freeze(phase) {
  hit(phase);
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < FROZEN_AT_MOST_MS && !existsSync(join(directory, 'release')); waited += 5) {
    Atomics.wait(nobody, 0, 0, 5);
  }
}

/** What happens while the body of the phase is at work. */
async function strike(order, phase, state) {
  if (order.delayMs > 0) await sleep(order.delayMs);
  if (order.programs === undefined) {
    if (order.moment === 'middle' && !state.isOver) freeze(phase);
    return;
  }
  while (!state.isOver) {
    const killed = children().filter(({ name }) => order.programs.includes(name));
    for (const { pid } of killed) process.kill(pid, 'SIGKILL');
    if (killed.length > 0) return hit(phase, { killed: killed.map(({ name }) => name) });
    await sleep(1);
  }
}

/** Children of this process by the name of their program, once they are what they are to become. */
function children() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
        return Number(parent) === process.pid && state !== 'Z' ? [{ pid: Number(pid), name }] : [];
      } catch {
        return [];
      }
    });
}
