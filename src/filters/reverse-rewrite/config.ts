// The configuration of the reverseRewrite filter. Knows nothing of how exchanges run.

import { z } from 'zod';

export const name = 'reverseRewrite';

export const documentation =
  'Turns what the upstream says about its own address back into what clients can use: in `Location` and `Content-Location`, and in `Domain` and `Path` of cookies. Its host goes, so that the client stays where it is, ' +
  'and the prefix that `rewrite.stripPrefix` removed comes back: `http://10.0.0.1:8080/users/7` becomes `/api/users/7`. Addresses of others stay as they are. Its host is the `Host` that it was sent, the address of its ' +
  'endpoint, and each of `hosts`. A path made by `rewrite.path` cannot be turned back and stays. A cookie for the whole site (`Path=/`) stays one. Responses that the gateway makes itself are left alone.';

const isAuthority = /^(?:[^\s/?#@\\,:[\]]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

export const schema = z.strictObject({
  hosts: z
    .array(z.string().regex(isAuthority, 'expected a host, with its port if URLs hold one: users.internal:8080'))
    .default([])
    .describe('Further hosts by which the upstream calls itself: `users.internal:8080`.'),
});

export type ReverseRewriteConfig = z.output<typeof schema>;
