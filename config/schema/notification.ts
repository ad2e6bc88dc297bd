import { z } from 'zod';
import { secretSchema } from './secret.ts';

const OUTCOMES = ['succeeded', 'partial', 'failed', 'cancelled'] as const;

const argument = z.string().min(1, { error: 'is empty; write a program or an argument' });

/** Somebody who is told how runs end: by an HTTP request, or by a program. */
export const notificationSchema = z
  .strictObject({
    on: z
      .array(z.enum(OUTCOMES))
      .min(1, { error: 'must name at least one outcome' })
      .meta({ description: 'Outcomes of a run that are told.' })
      .default(['failed', 'partial']),
    url: secretSchema
      .meta({ description: 'Place that holds the address to POST to: it usually has a token in it, so it is a secret.' })
      .optional(),
    format: z
      .enum(['json', 'text'])
      .meta({ description: 'Body of the request: JSON as Slack, Mattermost and Discord take it, or plain text as ntfy does.' })
      .default('json'),
    command: z
      .array(argument)
      .min(1, { error: 'must name a program, as in [/usr/local/bin/tell-me]' })
      .meta({ description: 'Program and arguments, run without a shell on the worker; it gets the JSON on standard input.' })
      .optional(),
  })
  .refine(({ url, command }) => (url === undefined) !== (command === undefined), {
    error: 'must have exactly one of url and command',
    when: ({ issues }) => issues.length === 0,
  });

export type NotificationFile = z.output<typeof notificationSchema>;
