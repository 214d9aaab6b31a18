// The ipAccess filter: looks the caller's address up in one or two sets. The listener decides which headers it believes about the address.

import { CidrSet } from '../../base/cidr-set.ts';
import { Fault } from '../../base/fault.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import type { IpAccessConfig } from './config.ts';

const refusal = new Fault('access_denied', 'The address of the caller is not allowed here.');

export const ipAccessFilter: FilterDefinition<IpAccessConfig> = {
  name: 'ipAccess',
  build(config) {
    const denied = new CidrSet(config.deny);
    const allowed = config.allow.length === 0 ? null : new CidrSet(config.allow);
    return {
      onRequest(exchange) {
        const { ip } = exchange.client;
        if (denied.has(ip) || (allowed !== null && !allowed.has(ip))) exchange.refuse(refusal);
      },
    };
  },
};
