import { z } from 'zod';

const IO_RULE = 'must be idle, or { best_effort: 0 } to { best_effort: 7 }';

/** How the programs of phases rank beside others on the machine. */
export const prioritySchema = z
  .strictObject({
    nice: z
      .int()
      .min(0)
      .max(19)
      .meta({
        description: 'Added to the niceness of the worker, as nice(1) has it: 0 changes nothing, 19 yields to all others.',
      })
      .prefault(0),
    io: z
      .union(
        [
          z.literal('idle'),
          z.strictObject({ best_effort: z.int().min(0).max(7).meta({ description: 'From 0, the first, to 7, the last.' }) }),
        ],
        { error: IO_RULE },
      )
      .meta({
        description:
          'Priority at the disk, as ionice(1) has it: idle (only when no other wants it), or best_effort from 0 (first) to 7. Only some schedulers of Linux heed it.',
      })
      .optional(),
  })
  .meta({
    description:
      'Priority of the programs that phases run (restic, tar, zstd, dump clients, scratch servers). Hooks, and sqlite3 on a live database, keep the worker’s.',
  });

export type PriorityFile = z.output<typeof prioritySchema>;
