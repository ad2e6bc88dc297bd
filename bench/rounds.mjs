/**
 * Who takes part in which round: without and with a writer, those of `--only` and then those of `--next`. Restored is once, in the first.
 *
 * @returns {{ names: string[], hasWriter: boolean, isRestored: boolean }[]}
 */
export function roundsOf({ only, next, writers, skipRestore }) {
  const groups = [only, next].filter((names) => names.length > 0);
  return writers.flatMap((hasWriter, index) =>
    groups.map((names) => ({ names, hasWriter, isRestored: !skipRestore && index === 0 })),
  );
}
