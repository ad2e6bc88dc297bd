/** Work in progress in this process: the end of the last piece, by key. */
const inProgress = new Map<string, Promise<unknown>>();

/**
 * Runs a body once everything of the same key that was asked for before has ended, however it ended.
 *
 * Keeps two attempts of one activity apart: when Temporal cannot be reached for longer than the heartbeat timeout it gives an
 * attempt up and starts the next one, while the first is still being cancelled here (measured, SDK 1.24: their children
 * overlapped by about 1 s). Children of a worker that died need no such care: the kernel ends them with it.
 */
export async function oneAtATime<Result>(key: string, body: () => Promise<Result>): Promise<Result> {
  const result = (inProgress.get(key) ?? Promise.resolve()).then(body);
  const ended = result.catch(() => undefined);
  inProgress.set(key, ended);
  try {
    return await result;
  } finally {
    if (inProgress.get(key) === ended) inProgress.delete(key);
  }
}
