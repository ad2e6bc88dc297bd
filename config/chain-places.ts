import { posix } from 'node:path';

/** Where the chains of a plan lie, one directory for each incremental source. */
export function chainHome(planStateDirectory: string): string {
  return posix.join(planStateDirectory, 'chains');
}

/** Where what a stage holds of them waits for the next run: beside the stage, so that a rename takes it there. Plans have no dots in their names. */
export function chainViews(stageDirectory: string): string {
  return `${stageDirectory}.chains`;
}
