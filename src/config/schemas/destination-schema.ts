// A route's `to`: an upstream, a weighted split, a fixed reply or a redirect.

import { z } from 'zod';
import { expected } from '../../base/schema/found.ts';
import type { DestinationConfig } from '../config.ts';
import { replySchema } from './reply-schema.ts';

const upstream = z.string(expected('the name of an upstream')).min(1, 'expected the name of an upstream, found ""');

const target = z.strictObject({
  upstream: upstream.describe('Name of an upstream.'),
  weight: z.int().min(0).max(1_000_000).default(1).describe('Share of the requests, relative to the others.'),
});

const split = z
  .array(target)
  .min(1, 'name at least one upstream')
  .superRefine((targets, context) => {
    if (targets.length > 0 && targets.every(({ weight }) => weight === 0)) {
      context.addIssue({ code: 'custom', message: 'every weight is 0, so nobody would get a request' });
    }
    const seen = new Set<string>();
    for (const [at, { upstream: name }] of targets.entries()) {
      if (seen.has(name))
        context.addIssue({ code: 'custom', path: [at, 'upstream'], message: `"${name}" is in this split twice` });
      seen.add(name);
    }
  })
  .transform((targets): DestinationConfig => ({ kind: 'split', targets, stickyCookie: null }));

const redirectStatus = [301, 302, 303, 307, 308] as const;

const redirect = z.strictObject({
  url: z
    .string(expected('a URL such as https://{host}{path} or /elsewhere'))
    .min(1, 'expected a URL, found ""')
    .describe(
      'Where to; `{host}` (without port), `{path}`, `{query}` (with its question mark) and the path’s parameters are filled in.',
    ),
  status: z
    .literal(redirectStatus, expected('301, 302, 303, 307 or 308'))
    .default(308)
    .describe('301, 302, 303, 307 or 308.'),
});

const answer = z
  .strictObject(
    {
      reply: replySchema.optional().describe('A fixed reply.'),
      redirect: redirect.optional().describe('A redirect.'),
    },
    { error: upstreamInMap },
  )
  .transform(({ reply, redirect: to }, context): DestinationConfig => {
    if (reply !== undefined && to === undefined) return { kind: 'reply', reply };
    if (to !== undefined && reply === undefined) return { kind: 'redirect', url: to.url, status: to.status };
    const names = reply === undefined ? 'neither' : 'both';
    context.addIssue({ code: 'custom', message: `expected either \`reply\` or \`redirect\`, found ${names}` });
    return z.NEVER;
  });

/**
 * The message for `to: { upstream: users }`, the form that `fallback` and `mirror` have, and for other gateways' names of an upstream: what
 * to write here. Undefined for other issues.
 */
function upstreamInMap(issue: z.core.$ZodRawIssue): string | undefined {
  if (
    issue.code !== 'unrecognized_keys' ||
    !issue.keys.some(key => /^(?:upstream|cluster|service|backend|weighted_?clusters)$/i.test(key))
  )
    return undefined;
  return 'write a single upstream by its name alone, as in `to: users`; several as a list of { upstream, weight }';
}

const destinationExpected = expected(
  'the name of an upstream, a list of { upstream, weight }, { reply: ... } or { redirect: ... }',
);

export const destinationSchema = z
  .union([upstream.transform((name): DestinationConfig => ({ kind: 'upstream', upstream: name })), split, answer], {
    error: issue => destinationExpected.error(issue) + (typeof issue.input === 'number' ? '; put it in quotes' : ''),
  })
  .describe('Where requests go: an upstream’s name, a weighted split, `{ reply: ... }` or `{ redirect: ... }`.');
