import { z } from 'zod';
import type { PruneResult } from '../../contract/maintenance.ts';
import { readLines } from '../../process/output.ts';
import type { PhaseContext } from '../phase.ts';
import { PhaseError } from '../phase-error.ts';
import { RESTIC_EXIT } from './exit-codes.ts';
import { failed, type ResticBinding, runRestic } from './invocation.ts';
import { parseJson } from './output.ts';

/** Lines kept for the result; the rest is progress. */
const MAX_LINES = 200;

/**
 * Removes the data that no snapshot needs. Takes restic's exclusive lock; what an interrupted prune did stays done (restic >= 0.17).
 *
 * @throws {PhaseError} RepositoryLocked, RepositoryDamaged, DiskFull, …
 */
export async function pruneRepository(binding: ResticBinding): Promise<PruneResult> {
  const lines: string[] = [];
  const result = await runRestic(binding, ['prune', '--json'], {
    consume: async (stdout) => {
      for await (const line of readLines(stdout)) {
        if (reportProgress(line, binding.context)) continue;
        lines.push(line);
        if (lines.length > MAX_LINES) lines.shift();
      }
    },
  });
  if (result.exitCode !== RESTIC_EXIT.done) throw failed(binding, 'prune', result);
  const summary = parsePruneOutput(lines.join('\n'));
  if (summary !== undefined) return summary;
  throw new PhaseError('Unexpected', `repository ${binding.repository.name}: restic prune did not say what it freed.`);
}

/** `[0:07] 42.00%  8 / 19 packs repacked`, as restic 0.19.1 prints without a terminal too. */
function reportProgress(line: string, context: PhaseContext): boolean {
  const [, percent, phase] = /^\[[\d:]+\]\s+([\d.]+)%\s+(.+)$/.exec(line) ?? [];
  if (percent === undefined || phase === undefined) return false;
  context.report({ phase, percent: Number(percent) });
  return true;
}

/** Of the releases after 0.19.1 (doc/075_scripting.rst of restic's main branch, `prune`). */
const summarySchema = z.object({
  message_type: z.literal('summary'),
  bytes: z.object({
    remove_total: z.number().default(0),
    remaining: z.number().default(0),
    remaining_unused: z.number().default(0),
  }),
});

/** Reads what a prune freed, out of a JSON summary or the text of restic up to 0.19.1. undefined when it is neither. */
export function parsePruneOutput(stdout: string): PruneResult | undefined {
  const json = stdout.split('\n').map((line) => summarySchema.safeParse(parseJson(line)));
  const bytes = json.findLast(({ success }) => success)?.data?.bytes;
  if (bytes !== undefined) {
    return { bytesFreed: bytes.remove_total, bytesRemaining: bytes.remaining, bytesUnused: bytes.remaining_unused };
  }
  const freed = sizeAfter(stdout, /^total prune:\s+\d+ blobs \/ (.+)$/m);
  const remaining = sizeAfter(stdout, /^remaining:\s+\d+ blobs \/ (.+)$/m);
  if (freed === undefined || remaining === undefined) return undefined;
  return {
    bytesFreed: freed,
    bytesRemaining: remaining,
    bytesUnused: sizeAfter(stdout, /^unused size after prune:\s+(.+?)(?: \(|$)/m) ?? 0,
  };
}

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

function sizeAfter(text: string, pattern: RegExp): number | undefined {
  const [, number, unit = ''] = /^([\d.]+) (\w+)$/.exec(pattern.exec(text)?.[1]?.trim() ?? '') ?? [];
  const factor = UNITS[unit];
  return number === undefined || factor === undefined ? undefined : Math.round(Number(number) * factor);
}
