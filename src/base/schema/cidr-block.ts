// Blocks of IP addresses in the configuration: `10.0.0.0/8`, or one address. What a block is stands in base/cidr-set.ts.

import { z } from 'zod';
import { cidrError } from '../cidr-set.ts';

/** One block as text. `wrongType` is the `error` option for what is no text. */
export function cidrBlock(wrongType?: Parameters<typeof z.string>[0]) {
  return z.string(wrongType).superRefine((text, context) => {
    const message = cidrError(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}
