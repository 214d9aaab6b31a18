// The configuration of the ipAccess filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import { cidrBlock } from '../../base/schema/cidr-block.ts';

export const name = 'ipAccess';

export const documentation =
  'Admits or refuses callers by address. An address in `deny` is refused; where `allow` is given, every address outside it is refused as well, so `deny` wins. ' +
  'Refusals are 403 `access_denied`. The address is the client’s as the listener determines it: behind proxies, list them in `trustedProxies`, or every caller has the address of the proxy.';

export const schema = z
  .strictObject({
    allow: z
      .array(cidrBlock())
      .default([])
      .describe('Blocks such as `10.0.0.0/8`, `2001:db8::/32` or single addresses that may pass; empty admits all.'),
    deny: z
      .array(cidrBlock())
      .default([])
      .describe('Blocks or addresses that are refused, even if `allow` contains them.'),
  })
  .refine(({ allow, deny }) => allow.length + deny.length > 0, {
    message: 'neither `allow` nor `deny` names an address, so the filter would let everyone pass',
  });

export type IpAccessConfig = z.output<typeof schema>;
