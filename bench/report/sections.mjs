/** Parts of docs/benchmarks.md, each of one run of the bench. */
export const SECTIONS = ['headline', 'everybody', 'patterns', 'month'];
