// Nanoseconds that a filter adds to a request: its hooks on a head as it is received. Run: `node bench/micro/filters.ts`.

import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Filter } from '../../src/exchange/filter.ts';
import * as bodyLimit from '../../src/filters/body-limit/config.ts';
import { bodyLimitFilter } from '../../src/filters/body-limit/filter.ts';
import * as compress from '../../src/filters/compress/config.ts';
import { compressFilter } from '../../src/filters/compress/filter.ts';
import * as cors from '../../src/filters/cors/config.ts';
import { corsFilter } from '../../src/filters/cors/filter.ts';
import * as headers from '../../src/filters/headers/config.ts';
import { headersFilter } from '../../src/filters/headers/filter.ts';
import * as ipAccess from '../../src/filters/ip-access/config.ts';
import { ipAccessFilter } from '../../src/filters/ip-access/filter.ts';
import * as rateLimit from '../../src/filters/rate-limit/config.ts';
import { rateLimitFilter } from '../../src/filters/rate-limit/filter.ts';
import * as requestId from '../../src/filters/request-id/config.ts';
import { requestIdFilter } from '../../src/filters/request-id/filter.ts';
import { filterServices } from '../../test/support/filter-services.ts';
import { nanosecondsOf } from './nanoseconds-of.ts';
import { client, headOf } from './received-head.ts';

const CALLS = 300_000;

const received = Buffer.from(
  'GET /api/users/42 HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n' +
    'Accept: application/json\r\nAccept-Language: en\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n' +
    'Origin: https://app.example.com\r\nCookie: session=0123456789abcdef\r\nContent-Type: application/json\r\n' +
    'Cache-Control: max-age=60\r\nETag: "v1"\r\n\r\n',
);

/** An exchange with only the parts that these filters use, and with heads of its own. */
function exchange(): Exchange {
  const request = headOf(received);
  const response = {
    status: 200,
    headers: headOf(received).headers,
    contentLength: 200,
    hasBody: true,
    filterBody: () => {},
  };
  const members = {
    client,
    request,
    response,
    state: [undefined],
    requestId: 'id',
    useOwnId: () => {},
    requestBytes: 0,
    bodyBytesMax: 0,
  };
  // Because: everything else of an exchange belongs to the hot path and would be measured with it.
  return { ...members, routeName: 'users', answeredBy: 'upstream', param: () => '42', refuse: () => {} } as never;
}

const place = filterServices({ routeName: 'users' });

/** A filter with a limit by address that is never reached, with the services that it needs. */
function limited(written: object): Filter {
  const config = rateLimit.schema.parse(written);
  const needs = rateLimitFilter.needs!(config, { store: () => ({}) as never }); // Because: local limits ask for no store
  return rateLimitFilter.build(config, filterServices({ routeName: 'users', needs, events: rateLimitFilter.events! }));
}

const generous = { limit: '1M/s', burst: 100_000_000 };
const filters: [string, Filter][] = [
  ['nothing', {}],
  ['ipAccess', ipAccessFilter.build(ipAccess.schema.parse({ allow: ['10.0.0.0/8'], deny: ['10.9.0.0/16'] }), place)],
  ['bodyLimit', bodyLimitFilter.build(bodyLimit.schema.parse({ max: '1MiB' }), place)],
  ['rateLimit, no headers', limited({ ...generous, headers: 'refused' })],
  ['rateLimit with headers', limited(generous)],
  [
    'rateLimit, three limits',
    limited({
      headers: 'never',
      limits: [{ ...generous, by: 'global' }, { limit: '900000/s' }, { limit: '800000/s', by: ['ip', 'route'] }],
    }),
  ],
  ['rateLimit, concurrency', limited({ concurrency: 1_000 })],
  ['requestId', requestIdFilter.build(requestId.schema.parse({}), place)],
  ['cors, allowed origin', corsFilter.build(cors.schema.parse({ origins: ['https://app.example.com'] }), place)],
  ['compress, too short', compressFilter.build(compress.schema.parse({}), place)],
  [
    'headers, two on each way',
    headersFilter.build(
      headers.schema.parse({
        request: { set: { 'x-user': '${param.id}-${requestId}' }, remove: ['cookie'] },
        response: { set: { 'x-frame-options': 'DENY' }, remove: ['server'] },
      }),
      place,
    ),
  ],
];

let base = 0;
for (const [name, filter] of filters) {
  const total = nanosecondsOf(CALLS, () => {
    const each = exchange();
    void filter.onRequest?.(each);
    void filter.onResponse?.(each);
    filter.onEnd?.(each);
  });
  if (name === 'nothing') base = total;
  else console.log(`${name.padEnd(28)}${(total - base).toFixed(0).padStart(6)} ns`);
}
