import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { claimPlan, holdsClaim, releaseClaim } from '../../../../activities/run/claim.ts';
import { withDirectory } from '../../../support/phase-context.ts';

const runOf = (runId: string) => ({ plan: 'tracker', workflowId: `wf-${runId}`, runId, startedAt: '2026-11-23T03:00:00.000Z' });
const allOpen = async () => true;
const noneOpen = async () => false;

test('the first run gets the plan, and gets it again when it asks twice', () =>
  withDirectory(async (directory) => {
    await claimPlan({ directory, run: runOf('a'), isRunOpen: allOpen });
    await claimPlan({ directory, run: runOf('a'), isRunOpen: allOpen });
    expect(await holdsClaim(directory, 'a')).toBe(true);
  }));

test('a second run is refused while the first is open, and told which one that is', () =>
  withDirectory(async (directory) => {
    await claimPlan({ directory, run: runOf('a'), isRunOpen: allOpen });
    const second = claimPlan({ directory, run: runOf('b'), isRunOpen: allOpen });
    await expect(second).rejects.toMatchObject({ type: 'PlanBusy', message: expect.stringContaining('wf-a') });
    expect(await holdsClaim(directory, 'b')).toBe(false);
  }));

test('a released plan goes to the next run', () =>
  withDirectory(async (directory) => {
    await claimPlan({ directory, run: runOf('a'), isRunOpen: allOpen });
    await releaseClaim(directory, 'a');
    await claimPlan({ directory, run: runOf('b'), isRunOpen: allOpen });
    expect(await holdsClaim(directory, 'b')).toBe(true);
  }));

test('the plan of a run that Temporal no longer has open is taken over, and its late release changes nothing', () =>
  withDirectory(async (directory) => {
    await claimPlan({ directory, run: runOf('a'), isRunOpen: allOpen });
    await claimPlan({ directory, run: runOf('b'), isRunOpen: noneOpen });
    expect(await holdsClaim(directory, 'a')).toBe(false);
    await releaseClaim(directory, 'a');
    expect(await holdsClaim(directory, 'b')).toBe(true);
  }));

test('of many runs that find the plan abandoned exactly one gets it', () =>
  withDirectory(async (directory) => {
    await claimPlan({ directory, run: runOf('dead'), isRunOpen: allOpen });
    const isRunOpen = async (run: { runId: string }) => run.runId !== 'dead';
    const names = Array.from({ length: 20 }, (_, index) => `run-${index}`);
    const claims = await Promise.allSettled(names.map((name) => claimPlan({ directory, run: runOf(name), isRunOpen })));
    expect(claims.filter((claim) => claim.status === 'fulfilled')).toHaveLength(1);
    for (const claim of claims) if (claim.status === 'rejected') expect(claim.reason).toMatchObject({ type: 'PlanBusy' });
    const holders = await Promise.all(names.map((name) => holdsClaim(directory, name)));
    expect(holders.filter(Boolean)).toHaveLength(1);
    expect(await readdir(join(directory, 'claims'))).toHaveLength(1);
  }));

test('a claim waits for the answer of a Temporal that cannot be reached instead of taking over', () =>
  withDirectory(async (directory) => {
    await claimPlan({ directory, run: runOf('a'), isRunOpen: allOpen });
    const unreachable = new Error('no connection');
    const second = claimPlan({ directory, run: runOf('b'), isRunOpen: () => Promise.reject(unreachable) });
    await expect(second).rejects.toBe(unreachable);
    expect(await holdsClaim(directory, 'a')).toBe(true);
  }));

test('a claim that a power failure damaged holds nobody up', () =>
  withDirectory(async (directory) => {
    await claimPlan({ directory, run: runOf('a'), isRunOpen: allOpen });
    await writeFile(join(directory, 'claims/1.json'), '');
    await claimPlan({ directory, run: runOf('b'), isRunOpen: allOpen });
    expect(await holdsClaim(directory, 'b')).toBe(true);
  }));
