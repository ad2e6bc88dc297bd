/**
 * The gate of each repository: who of this worker may have restic at work on it, so that our own calls wait for one another
 * instead of failing at restic's lock.
 *
 * What must never be here: a wait that cannot be cancelled. Other hosts, and a second worker by accident, are held off by
 * restic's own lock; this gate is about being polite, never about being safe.
 */

/**
 * `shared` calls run side by side (backup, restore). `exclusive` ones run alone (forget). `background` ones run alone too, and
 * only when nobody else waits (check, prune): a backup that arrives in between goes first.
 */
export type Access = 'shared' | 'exclusive' | 'background';

/** Who goes first when several wait. */
const ORDER: readonly Access[] = ['shared', 'exclusive', 'background'];

export interface GateRequest {
  access: Access;
  /** What is done inside, for whoever waits outside: `prune`. */
  purpose: string;
  signal: AbortSignal;
  /** Called with the purpose of who is inside, when it takes waiting. */
  onWait(purpose: string): void;
}

interface Waiting extends GateRequest {
  enter(): void;
}

interface Gate {
  inside: GateRequest[];
  waiting: Waiting[];
}

const gates = new Map<string, Gate>();

/**
 * Runs a body inside the gate of a repository, told by its location.
 *
 * @throws the reason of the signal when that is aborted while waiting
 */
export async function insideGate<Result>(location: string, request: GateRequest, body: () => Promise<Result>): Promise<Result> {
  request.signal.throwIfAborted();
  const gate = gates.get(location) ?? { inside: [], waiting: [] };
  gates.set(location, gate);
  await enter(gate, request);
  try {
    return await body();
  } finally {
    gate.inside.splice(gate.inside.indexOf(request), 1);
    admit(gate);
    if (gate.inside.length === 0 && gate.waiting.length === 0) gates.delete(location);
  }
}

async function enter(gate: Gate, request: GateRequest): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const waiting: Waiting = {
      ...request,
      enter: () => {
        request.signal.removeEventListener('abort', leave);
        gate.inside.push(request);
        resolve();
      },
    };
    const leave = () => {
      gate.waiting.splice(gate.waiting.indexOf(waiting), 1);
      reject(request.signal.reason as Error);
      // Whoever waited behind this one may be next.
      admit(gate);
    };
    gate.waiting.push(waiting);
    request.signal.addEventListener('abort', leave, { once: true });
    admit(gate);
    const [holder] = gate.inside;
    if (gate.waiting.includes(waiting) && holder !== undefined) request.onWait(holder.purpose);
  });
}

/** Lets in whoever may enter now. */
function admit(gate: Gate): void {
  for (;;) {
    const next = ORDER.map((access) => gate.waiting.find((candidate) => candidate.access === access)).find(
      (candidate) => candidate !== undefined,
    );
    if (next === undefined || !mayEnter(gate, next)) return;
    gate.waiting.splice(gate.waiting.indexOf(next), 1);
    next.enter();
  }
}

function mayEnter({ inside }: Gate, { access }: GateRequest): boolean {
  return access === 'shared' ? inside.every((holder) => holder.access === 'shared') : inside.length === 0;
}
