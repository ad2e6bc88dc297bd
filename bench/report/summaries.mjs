import { summarise } from './arithmetic.mjs';

/**
 * Pattern, writer and what memory held of all tables, in the order in which they were measured.
 *
 * @returns {{ pattern: string, hasWriter: boolean, memory?: 'cold' | 'warm' }[]}
 */
export function groupsOf({ runs }) {
  const groups = new Map(
    runs.map(({ pattern, hasWriter, memory }) => [`${pattern} ${hasWriter} ${memory}`, { pattern, hasWriter, memory }]),
  );
  return [...groups.values()];
}

/** A tracker's days if they were measured, else the last ones; without a writer, if there are such. */
export function typicalGroup(measured) {
  const groups = groupsOf(measured);
  const quiet = groups.filter(({ hasWriter }) => !hasWriter);
  const candidates = quiet.length > 0 ? quiet : groups;
  return candidates.find(({ pattern }) => pattern === 'tracker-like') ?? candidates.at(-1);
}

/** Summaries of one group, in the order of the table; without those that had no part in it. */
export function summariesOf({ runs, titles }, group) {
  const isOfGroup = (run) => ['pattern', 'hasWriter', 'memory'].every((key) => run[key] === group[key]);
  return Object.entries(titles).flatMap(([name, title]) => {
    const own = runs.filter((run) => run.contestant === name && isOfGroup(run));
    return own.length === 0 ? [] : [{ name, title, ...summarise(own) }];
  });
}
