/** Enough of a SHA-256 to tell two configurations of one host apart. */
const HASH_CHARACTERS = 12;

/**
 * What a worker calls itself at Temporal: the SDK's `pid@machine`, and which configuration it works by, so that this can be seen
 * without asking it.
 */
export function workerIdentity({
  pid,
  machine,
  configurationHash,
}: {
  pid: number;
  machine: string;
  configurationHash: string;
}): string {
  return `${pid}@${machine}#${configurationHash.slice(0, HASH_CHARACTERS)}`;
}

/** Whether a worker works by another configuration than this; undefined for an identity that does not say. */
export function hasOtherConfiguration(identity: string, configurationHash: string): boolean | undefined {
  const [, hash] = /#([0-9a-f]{12})$/.exec(identity) ?? [];
  return hash === undefined ? undefined : hash !== configurationHash.slice(0, HASH_CHARACTERS);
}
