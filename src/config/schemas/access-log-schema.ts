// `accessLog`: where the lines of the access log go, and how many of them, or `off`. A route may set its own share.

import { z } from 'zod';
import { expected, found } from '../../base/schema/found.ts';
import type { AccessLogConfig } from '../config.ts';
import { percentage } from './percentage.ts';

const sample = percentage.describe(
  'Share of the exchanges that are logged. Refusals and answers of 500 and above are always logged.',
);

/** Names of headers that hold credentials, by what they are called. */
const credential = /secret|passw|token|credential|api-?key|^(?:proxy-)?authorization$|^(?:set-)?cookie$/;

const header = z.string(expected('the name of a header')).transform((text, context) => {
  const name = text.toLowerCase();
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))
    context.addIssue({ code: 'custom', message: `expected the name of a header, found ${found(text)}` });
  else if (credential.test(name))
    context.addIssue({ code: 'custom', message: `${text} holds credentials, which do not belong in a log` });
  return name;
});

const settings = z
  .strictObject({
    path: z
      .string()
      .min(1, 'expected stdout, off or the path of a file')
      .default('stdout')
      .describe('`stdout`, `off`, or a file’s path, from the working directory. The file is opened again on SIGUSR1.'),
    sample: sample.prefault('100%'),
    query: z
      .boolean()
      .optional()
      .describe('Whether lines have the query. It may contain tokens of callers.')
      .meta({ default: false }),
    headers: z
      .array(header)
      .optional()
      .describe('Request headers that lines have, by name: `[referer, x-tenant]`. None that hold credentials.'),
  })
  .transform(
    ({ path, sample: share, query, headers }): AccessLogConfig => ({
      path,
      sample: share,
      ...(query === true && { query }),
      ...(headers !== undefined && { headers }),
    }),
  );

const off = z.literal('off').transform((): AccessLogConfig => ({ path: 'off', sample: 1 }));

export const accessLogSchema = z
  .union([settings, off], expected('a map such as { path: stdout, sample: 100% }, or off'))
  .prefault({})
  .describe('One JSON line for each exchange; or `off`.');

/** A route's `accessLog`: the share of its exchanges that are logged. */
export const routeAccessLogSchema = z
  .union(
    [z.strictObject({ sample }).transform(own => own.sample), z.literal('off').transform(() => 0)],
    expected('off, or a map such as { sample: 1% }'),
  )
  .describe('The share of this route’s exchanges that are logged, in place of the share of all; or `off`.');
