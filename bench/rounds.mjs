/**
 * Who takes part in which round: without and with a writer, those of `--only` and then those of `--next`. Restores are for the first time only.
 *
 * @returns {{ names: string[], hasWriter: boolean, isFirst: boolean }[]}
 */
export function roundsOf({ only, next, writers }) {
  const groups = [only, next].filter((names) => names.length > 0);
  return writers.flatMap((hasWriter, index) => groups.map((names) => ({ names, hasWriter, isFirst: index === 0 })));
}
