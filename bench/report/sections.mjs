/** Parts of docs/benchmarks.md, each of one run of the bench. */
export const SECTIONS = ['everybody', 'writer', 'headline', 'patterns', 'patterns-mysql', 'month'];
