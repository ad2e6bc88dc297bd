import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunReference } from '../../contract/backup.ts';
import { namesIn } from '../presence.ts';
import type { Holder } from './claim.ts';

const ticketSchema = z.object({ plan: z.string(), workflow_id: z.string(), run_id: z.string(), started_at: z.string() });

interface Ticket {
  /** `20261123T030000.123Z-<run id>.json`: names sort in the order of arrival. */
  name: string;
  run: Holder;
}

/** Takes a place in the queue of a directory, or keeps the one that the run has. Returns those before it, the first one first. */
export async function queueUp(directory: string, run: RunReference): Promise<Holder[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const tickets = await readTickets(directory);
  const own = tickets.find((ticket) => ticket.run.runId === run.runId)?.name ?? (await writeTicket(directory, run));
  return tickets.filter(({ name }) => name < own).map((ticket) => ticket.run);
}

/** All that wait, the first one first. */
export async function readQueue(directory: string): Promise<Holder[]> {
  return (await readTickets(directory)).map((ticket) => ticket.run);
}

/** Gives the place in the queue up. Does nothing when the run has none. */
export async function leaveQueue(directory: string, runId: string): Promise<void> {
  const names = (await listNames(directory)).filter((name) => name.endsWith(`Z-${runId}.json`));
  await Promise.all(names.map((name) => rm(join(directory, name), { force: true })));
}

async function writeTicket(directory: string, run: RunReference): Promise<string> {
  const name = `${new Date().toISOString().replaceAll(/[-:]/g, '')}-${run.runId}.json`;
  const ticket = { plan: run.plan, workflow_id: run.workflowId, run_id: run.runId, started_at: run.startedAt };
  await writeFile(join(directory, name), JSON.stringify(ticket), { mode: 0o600 });
  return name;
}

async function readTickets(directory: string): Promise<Ticket[]> {
  const tickets = await Promise.all((await listNames(directory)).map((name) => readTicket(directory, name)));
  return tickets.flat();
}

/** A ticket that cannot be read is one that is being written or removed, or that a power failure damaged: it holds nobody up. */
async function readTicket(directory: string, name: string): Promise<Ticket[]> {
  try {
    const { plan, workflow_id, run_id, started_at } = ticketSchema.parse(
      JSON.parse(await readFile(join(directory, name), 'utf8')),
    );
    return [{ name, run: { plan, workflowId: workflow_id, runId: run_id, startedAt: started_at } }];
  } catch {
    return [];
  }
}

async function listNames(directory: string): Promise<string[]> {
  const names = await namesIn(directory);
  return names.filter((name) => /^\d{8}T\d{6}\.\d{3}Z-.+\.json$/.test(name)).sort();
}
