// The bodyLimit filter: looks at the announced length, and lowers the exchange's own limit for what is not announced.

import { Fault } from '../../base/fault.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import type { BodyLimitConfig } from './config.ts';

export const bodyLimitFilter: FilterDefinition<BodyLimitConfig> = {
  name: 'bodyLimit',
  build(config) {
    const bytesMax = config.max;
    const refusal = new Fault('body_too_large', `The body may have at most ${bytesMax} bytes here.`);
    return {
      onRequest(exchange) {
        const { request, bodyBytesMax } = exchange;
        if (!request.hasBody) return;
        // Because: a body may have been gathered before, for routes that match on it.
        const received = exchange.requestBytes - request.headBytes;
        if (request.contentLength > bytesMax || received > bytesMax) {
          exchange.refuse(refusal);
        } else if (bodyBytesMax === 0 || bodyBytesMax > bytesMax) {
          exchange.bodyBytesMax = bytesMax;
        }
      },
    };
  },
};
