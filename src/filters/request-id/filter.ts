// The requestId filter: adopts the client's id or makes one, and sends it to the upstream and the client.

import type { FilterDefinition } from '../../exchange/filter.ts';
import { isRequestId } from '../../telemetry/request-id.ts';
import type { RequestIdConfig } from './config.ts';

/** The header that the gateway sends upstream without this filter. */
const ownHeader = 'x-request-id';

export const requestIdFilter: FilterDefinition<RequestIdConfig> = {
  name: 'requestId',
  build(config) {
    const { header, trust } = config;
    const lowerHeader = header.toLowerCase();
    return {
      onRequest(exchange) {
        const { headers } = exchange.request;
        const trusted = trust === 'always' || (trust === 'trustedProxies' && exchange.client.trusted);
        const claimed = trusted ? headers.get(lowerHeader) : undefined;
        if (claimed !== undefined && isRequestId(claimed)) exchange.requestId = claimed;
        else exchange.useOwnId();
        if (lowerHeader === ownHeader) return;
        headers.remove(lowerHeader);
        headers.appendTrusted(header, exchange.requestId);
      },
      ...(config.response && {
        onResponse(exchange) {
          const { headers } = exchange.response!;
          headers.remove(lowerHeader);
          headers.appendTrusted(header, exchange.requestId);
        },
      }),
    };
  },
};
