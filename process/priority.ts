/** How children rank beside other programs of the machine. */
export interface Priority {
  /** 0 to 19, added to this process's own. */
  readonly nice: number;
  /** undefined: as this process's. */
  readonly io: 'idle' | { readonly bestEffort: number } | undefined;
}

/** Class of `ionice` (util-linux 2.38, ionice(1)). */
const IO_CLASS = { bestEffort: '2', idle: '3' } as const;

/**
 * What goes ahead of a child's argv. Each of these programs becomes the next one by exec, so the child has its priority from its
 * first instruction on, and all that it starts inherits it.
 *
 * @throws {ProgramMissing} when `nice` or `ionice` is not on the PATH.
 */
export async function priorityPrefix(
  { nice, io }: Priority,
  find: (program: string) => Promise<string>,
): Promise<readonly string[]> {
  const niceness = nice === 0 ? [] : [await find('nice'), '-n', String(nice)];
  if (io === undefined) return niceness;
  const disk = io === 'idle' ? ['-c', IO_CLASS.idle] : ['-c', IO_CLASS.bestEffort, '-n', String(io.bestEffort)];
  return [...niceness, await find('ionice'), ...disk];
}
