import type { Run } from '../../../bench/types.d.ts';

interface Values {
  wallS: number;
  cpuS: number;
  grown: number;
  peakRss: number;
  diskPeak: number;
  diskLeft: number;
}

interface Modules {
  'report/arithmetic': {
    median: (values: number[]) => number;
    summarise: (runs: Run[]) => { ended: string; stallMs: number | undefined; values: Values | undefined };
    formatRatio: (value: number | undefined, baseline: number | undefined, negligible: number) => string;
    chooseBaseline: (names: string[]) => string;
  };
  'report/report': { renderReport: (measured: object) => string };
  'report/table': { renderTable: (head: string[], rows: string[][]) => string };
  'report/svg': {
    renderPicture: (charts: { title: string; bars: { label: string; value: number | undefined; note: string }[] }[]) => string;
  };
  'report/write-document': { replaceSection: (text: string, section: string, tables: string) => string };
  'report/claims': { judgeClaims: (measured: object) => { claim: string; asked: string; figure: string; isMet: boolean }[] };
  'workload/pages': {
    comparePages: (
      path: string,
      before: Buffer | undefined,
      consume: (page: Buffer) => Promise<void>,
    ) => Promise<{ digests: Buffer; changed: number }>;
  };
  'workload/compressed-size': {
    CompressedSize: new () => { write: (data: Buffer | string) => Promise<void>; end: () => Promise<number> };
  };
  options: { parseOptions: (args: string[]) => object };
  rounds: { roundsOf: (options: object) => { names: string[]; hasWriter: boolean; isFirst: boolean }[] };
  room: { roomFor: (options: object) => number };
  measure: { parseTimes: (text: string) => number | undefined };
  'process-tree': { parseStat: (text: string) => { parent: number; ticks: number; rss: number } };
  size: { parseSize: (text: string) => number; formatBytes: (bytes: number) => string };
}

/** Loads a module of bench/, which is plain JavaScript without types. */
export async function load<Name extends keyof Modules>(name: Name): Promise<Modules[Name]> {
  return (await import(`../../../bench/${name}.mjs`)) as Modules[Name];
}
