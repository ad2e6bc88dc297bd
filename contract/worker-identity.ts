/** Enough of a SHA-256 to tell two configurations of one host apart. */
const HASH_CHARACTERS = 12;

/** Who a worker is among those that poll a host's task queue. */
export interface WorkerName {
  pid: number;
  /** The operating system's name of the machine or container, not the `host` of a configuration. */
  machine: string;
  /** ISO 8601 in UTC. In containers of the same name processes have the same number, too. */
  startedAt: string;
}

/**
 * What a worker calls itself at Temporal: the SDK's `pid@machine`, since when it runs, and which configuration it works by, so that
 * this can be seen without asking it.
 */
export function workerIdentity({
  pid,
  machine,
  startedAt,
  configurationHash,
}: WorkerName & { configurationHash: string }): string {
  return `${pid}@${machine}/${startedAt}#${configurationHash.slice(0, HASH_CHARACTERS)}`;
}

/** Reads an identity; undefined for one that is not made as ours are. */
export function parseWorkerIdentity(identity: string): WorkerName | undefined {
  const [, pid, machine, startedAt] = /^(\d+)@(.+)\/(\d{4}-[\dT:.-]+Z)(?:#[0-9a-f]*)?$/.exec(identity) ?? [];
  if (pid === undefined || machine === undefined || startedAt === undefined) return undefined;
  return { pid: Number(pid), machine, startedAt };
}

/** Whether a worker works by another configuration than this; undefined for an identity that does not say. */
export function hasOtherConfiguration(identity: string, configurationHash: string): boolean | undefined {
  const [, hash] = /#([0-9a-f]{12})$/.exec(identity) ?? [];
  return hash === undefined ? undefined : hash !== configurationHash.slice(0, HASH_CHARACTERS);
}
