// A route's `mirror`: copies of its requests for another upstream, and which parts of the responses are compared.

import { z } from 'zod';
import { duration } from '../../base/schema/duration.ts';
import { expected, found } from '../../base/schema/found.ts';
import { sizeBetween } from '../../base/schema/size.ts';
import type { MirrorConfig } from '../rollout-config.ts';
import { percentage } from './percentage.ts';

const KIB = 1024;
const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
const place = /^\$(?:\.[A-Za-z_][A-Za-z0-9_-]*|\[\*\])*$/;

const header = z
  .string(expected('a header name'))
  .regex(fieldName, expected('a header name'))
  .transform(name => name.toLowerCase());

const ignored = z.string(expected('a place such as $.time or $.items[*].id')).superRefine((text, context) => {
  if (place.test(text)) return;
  const message = `expected a place such as $.time or $.items[*].id, found ${found(text)}`;
  context.addIssue({ code: 'custom', message });
});

const compare = z
  .strictObject({
    headers: z.array(header).default([]).describe('Fields of the answer that are compared.'),
    body: z.boolean().default(true).describe('Whether bodies are compared: by their values when both are JSON.'),
    ignore: z
      .array(ignored)
      .default([])
      .describe(
        'Places in a JSON body that may differ: `[$.time, "$.items[*].id"]`; `[*]` is every element of a list.',
      ),
    bodyLimit: sizeBetween(KIB, 16 * KIB * KIB)
      .prefault('256KiB')
      .describe('Answers with a larger body are not compared.'),
  })
  .describe(
    'Compares the status, these fields and the body of both answers. Differences are counted, and one per second and worker is logged: its place, never its values.',
  );

export const mirrorSchema = z
  .strictObject({
    upstream: z
      .string(expected('the name of an upstream'))
      .min(1, 'expected the name of an upstream, found ""')
      .describe('The upstream that gets the copies. Its responses are discarded.'),
    percent: percentage
      .refine(share => share > 0, 'with 0% nothing is copied: leave `mirror` out')
      .prefault('100%')
      .describe('Share of the requests that are copied.'),
    body: sizeBetween(0, 16 * KIB * KIB)
      .prefault('64KiB')
      .describe('Requests with a larger body are not copied.'),
    timeout: duration.prefault('10s').describe('How long a copy may take.'),
    concurrency: z.int().min(1).max(10_000).default(32).describe('Copies in progress at once in one worker.'),
    queue: z
      .int()
      .min(0)
      .max(10_000)
      .default(64)
      .describe('Copies that may wait in one worker; further ones are not made.'),
    compare: compare.optional(),
  })
  .transform(
    ({ upstream, percent, body, timeout, concurrency, queue, compare: wanted }): MirrorConfig => ({
      upstream,
      share: percent,
      bodyBytesMax: body,
      timeoutMs: timeout,
      concurrencyMax: concurrency,
      queueMax: queue,
      compare:
        wanted === undefined
          ? null
          : {
              headers: wanted.headers,
              body: wanted.body,
              ignore: wanted.ignore,
              bodyBytesMax: wanted.bodyLimit,
            },
    }),
  )
  .describe(
    'Copies a share of the requests to another upstream after they were answered, bodies included. Copies never affect the client. Upgrades are not copied.',
  );
