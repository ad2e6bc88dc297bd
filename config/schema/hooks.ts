import { z } from 'zod';
import { duration } from './leaf.ts';

const ARGUMENT_RULE = 'must be text; put quotes around a number';

const argument = z.string({ error: ARGUMENT_RULE }).min(1, { error: 'is empty; write a program or an argument' });

function argv(description: string): z.ZodArray<z.ZodString> {
  return z.array(argument).min(1, { error: 'must name a program, as in [docker, stop, tracker]' }).meta({ description });
}

/** One command as a list of texts, or several as a list of such lists; always several afterwards. */
function commands(description: string): z.ZodType<string[][], string[] | string[][]> {
  const item = z.union([argument, argv('Program and arguments of one command.')], {
    error: 'must be text (put quotes around a number), or a whole command as a list of texts',
  });
  return z
    .array(item)
    .min(1, { error: 'must name a program, as in [docker, stop, tracker]' })
    .refine((items) => items.every((one) => typeof one === typeof items[0]), {
      error: 'mixes texts and lists; write one command [program, argument], or a list of commands [[…], […]]',
      when: ({ issues }) => issues.length === 0,
    })
    .meta({ description: `${description} Program and arguments, run without a shell; or a list of such lists.` })
    .transform((items) => (items.every((one) => typeof one === 'string') ? [items] : items)) as z.ZodType<
    string[][],
    string[] | string[][]
  >;
}

/** With one of them alone nothing is stopped. */
function hasBoth(hooks: { before_dump?: unknown; after_dump?: unknown }): boolean {
  return hooks.before_dump !== undefined && hooks.after_dump !== undefined;
}

/** What is done around the dumps of a plan, such as stopping a service and starting it again. */
export const hooksSchema = z
  .strictObject({
    before_dump: commands('What is done before the sources are dumped, such as stopping a service.').optional(),
    after_dump: commands('What undoes before_dump once all sources are dumped: it is done whatever happens.').optional(),
    state: argv(
      'Says whether the service runs, before it is stopped. Exit code 0: it runs; 1 or 3, or 0 and the output `false`: it was stopped already, and neither hook is run.',
    ).optional(),
    timeout: duration('1s', 'Longest time that each command may take.').prefault('2m'),
    max_stopped: duration(
      '10s',
      'From before_dump until the dumps must be over: then they are cancelled, after_dump is run and the run fails. 30m when left out.',
    ).optional(),
  })
  .refine(({ before_dump, after_dump }) => before_dump !== undefined || after_dump !== undefined, {
    error: 'does nothing; write before_dump and after_dump, or one of them',
    when: ({ issues }) => issues.length === 0,
  })
  .refine((hooks) => hooks.state === undefined || hasBoth(hooks), {
    path: ['state'],
    error: 'is asked before a service is stopped, so it needs both before_dump and after_dump',
    when: ({ issues }) => issues.length === 0,
  })
  .refine((hooks) => hooks.max_stopped === undefined || hasBoth(hooks), {
    path: ['max_stopped'],
    error: 'says when after_dump is run at the latest, so it needs both before_dump and after_dump',
    when: ({ issues }) => issues.length === 0,
  })
  .meta({ description: 'Programs to run around the dumps, such as stop and start of a container.' });

export type HooksFile = z.output<typeof hooksSchema>;
