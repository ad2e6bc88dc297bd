import { readLines } from '../../process/output.ts';
import { queryUnlocked, type ResticBinding } from './call.ts';
import { parseSnapshots, type ResticSnapshot } from './output.ts';

/** So many packs or trees are looked up, and so many snapshots and files named: a message is no list. */
const MAX_LOOKED_UP = 20;
const MAX_NAMED = 6;

/**
 * Says in a sentence which snapshots and files need damaged packs or trees: by id, plan and time.
 *
 * Never fails: in a damaged repository the search itself may break, and then the sentence says so.
 */
export async function findAffected(binding: ResticBinding, damage: { packs: string[]; trees: string[] }): Promise<string> {
  if (damage.packs.length + damage.trees.length === 0) return 'Which snapshots are concerned cannot be told.';
  try {
    binding.context.report({ phase: 'find the snapshots that need what is damaged' });
    const found = { snapshots: new Set<string>(), files: new Set<string>() };
    if (damage.packs.length > 0) await find(binding, '--pack', damage.packs, found);
    if (damage.trees.length > 0) await find(binding, '--tree', damage.trees, found);
    if (found.snapshots.size === 0) return 'No snapshot needs what is damaged.';
    const all = parseSnapshots(await queryUnlocked(binding, ['snapshots', '--json']));
    const affected = all.filter(({ short_id }) => found.snapshots.has(short_id)).toReversed();
    return `Concerned are ${affected.length} of ${all.length} snapshots: ${list(affected.map(describe))}${describeFiles(found.files)}.`;
  } catch (error) {
    binding.context.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message.slice(0, 200) : String(error);
    return `Which snapshots are concerned could not be found out (${reason}).`;
  }
}

/** Reads the text form, line by line: the JSON is one array with an entry for each blob in each snapshot (restic 0.19.1). */
async function find(
  binding: ResticBinding,
  flag: '--pack' | '--tree',
  ids: readonly string[],
  found: { snapshots: Set<string>; files: Set<string> },
): Promise<void> {
  await queryUnlocked(binding, ['find', flag, ...ids.slice(0, MAX_LOOKED_UP)], {
    consume: async (stdout) => {
      for await (const line of readLines(stdout)) {
        const snapshot = /^ \.\.\. in snapshot ([0-9a-f]{8})\b/.exec(line)?.[1];
        const file = /^ \.\.\. in file (.+)$/.exec(line)?.[1];
        if (snapshot !== undefined) found.snapshots.add(snapshot);
        if (file !== undefined && found.files.size <= MAX_NAMED) found.files.add(file);
      }
    },
  });
}

function describe({ short_id, time, hostname, tags }: ResticSnapshot): string {
  const plan = tags?.find((tag) => tag.startsWith('plan:'))?.slice('plan:'.length);
  return `${short_id} (${plan === undefined ? '' : `plan ${plan}, `}host ${hostname}, ${time.slice(0, 16).replace('T', ' ')})`;
}

function describeFiles(files: ReadonlySet<string>): string {
  return files.size === 0 ? '' : `; in them ${list([...files])}`;
}

function list(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return more > 0 ? `${names.slice(0, MAX_NAMED).join(', ')} and more` : names.join(', ');
}
