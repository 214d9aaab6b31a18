// An upstream's `host`: which Host its endpoints get, unless the route's `rewrite` says another.

import { z } from 'zod';
import { expected } from '../../base/schema/found.ts';

const form = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252}))(?::[0-9]{1,5})?$/;
const hostExpected = expected('`client`, `endpoint`, or a host such as api.example.com');

export const upstreamHostSchema = z
  .string(hostExpected)
  .regex(form, hostExpected)
  .default('client')
  .describe(
    'The `Host` (over HTTP/2 `:authority`) that the endpoints get: the `client`’s, that of the `endpoint`’s URL, or a name with or without a port. `rewrite.host` of a route goes before it.',
  );
