/**
 * Runs two things at once and waits for both. When one fails the other is told by its signal, and the failure is thrown once it has
 * ended too.
 */
export async function together<First, Second>(
  signal: AbortSignal,
  first: (signal: AbortSignal) => Promise<First>,
  second: (signal: AbortSignal) => Promise<Second>,
): Promise<[First, Second]> {
  const failed = new AbortController();
  const joint = AbortSignal.any([signal, failed.signal]);
  const run = async <Value>(body: (signal: AbortSignal) => Promise<Value>): Promise<Value> => {
    try {
      return await body(joint);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const running = [run(first), run(second)] as const;
  await Promise.allSettled(running);
  signal.throwIfAborted();
  // The reason is what failed first.
  failed.signal.throwIfAborted();
  return Promise.all(running);
}
