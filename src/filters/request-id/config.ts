// The configuration of the requestId filter. Knows nothing of how exchanges run.

import { z } from 'zod';

export const name = 'requestId';

export const documentation =
  'Sets where the id of a request comes from and who gets it. Without this filter the gateway gives every request an id and sends it upstream as X-Request-Id; ' +
  'with it, the client’s own id is used where it is trusted and well-formed (visible ASCII, at most 128 characters), another header can be used, and the response shows the id. ' +
  'Put it first, so that all later filters see the same id.';

/** The characters of a field name (RFC 9110 section 5.6.2), at most 64. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;

const taken = ['host', 'connection', 'content-length', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'keep-alive'];

export const schema = z.strictObject({
  header: z
    .string()
    .regex(token, 'not a header name')
    .refine(header => !taken.includes(header.toLowerCase()), 'this header has a meaning for the connection itself')
    .default('x-request-id')
    .describe(
      'Header that carries the id, from the client, upstream and on the answer. With another name X-Request-Id goes upstream as well.',
    ),
  trust: z
    .enum(['never', 'trustedProxies', 'always'])
    .default('trustedProxies')
    .describe('Whose id is accepted: nobody’s, that of the listener’s `trustedProxies`, or everybody’s.'),
  response: z.boolean().default(true).describe('Whether the answer carries the id.'),
});

export type RequestIdConfig = z.output<typeof schema>;
