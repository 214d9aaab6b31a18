// The httpsRedirect filter: sends clients that came in plain text to https. The listener decides which scheme it believes.

import { Fault } from '../../base/fault.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import { inUrl } from '../../http/in-url.ts';
import type { HttpsRedirectConfig } from './config.ts';

/** Only HTTP/1.0 requests may come without a Host, and such a client cannot be told where to go. */
const noHost = new Fault(
  'invalid_host',
  'This is served over https only, and without a Host there is no address to redirect to.',
);

export const httpsRedirectFilter: FilterDefinition<HttpsRedirectConfig> = {
  name: 'httpsRedirect',
  build({ status, port, except }) {
    const served = new Set(except.routes);
    const portText = port === 443 ? '' : `:${port}`;
    return {
      onRequest(exchange) {
        if (exchange.client.scheme === 'https' || served.has(exchange.routeName)) return;
        const { host, path, query } = exchange.request;
        if (host === '') {
          exchange.refuse(noHost);
          return;
        }
        const location = `https://${host}${portText}${inUrl(path)}${query === '' ? '' : `?${inUrl(query)}`}`;
        exchange.reply({ status, headers: [['Location', location]] });
      },
    };
  },
};
