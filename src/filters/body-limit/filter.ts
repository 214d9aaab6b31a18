// The bodyLimit filter: checks the announced length, and lowers the exchange's own limit for bodies of unknown length.

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
        // Because: the body may have been read already, for routes that match on it.
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
