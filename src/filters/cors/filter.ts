// The cors filter: answers preflights, and adds to every other response whether the caller's page may read it.

import type { FilterDefinition } from '../../exchange/filter.ts';
import type { Reply } from '../../exchange/response.ts';
import { HeaderId } from '../../http/header-names.ts';
import type { Headers } from '../../http/headers.ts';
import { addVary } from '../../http/vary.ts';
import type { CorsConfig } from './config.ts';
import { OriginList } from './origin-list.ts';

/** A comma-separated list of header names, short enough to be copied into a response. */
const fieldNames = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*$/;
const FIELD_NAMES_LENGTH_MAX = 2048;

/** State of an exchange whose response is that of a preflight, which is complete already. */
const PREFLIGHT = '';

export const corsFilter: FilterDefinition<CorsConfig> = {
  name: 'cors',
  build(config, { slot }) {
    const origins = new OriginList(config.origins);
    const expose = config.exposeHeaders.join(', ');
    return {
      onRequest(exchange) {
        const { request } = exchange;
        const origin = request.headers.getById(HeaderId.origin);
        if (origin === undefined) return;
        const allowed = origins.has(origin);
        if (allowed) exchange.state[slot] = origins.any ? '*' : origin;
        if (request.method !== 'OPTIONS' || !request.headers.has('access-control-request-method')) return;
        exchange.reply(preflightReply(config, request.headers, allowed ? (origins.any ? '*' : origin) : null));
        exchange.state[slot] = PREFLIGHT;
      },
      onResponse(exchange) {
        const allowedOrigin = exchange.state[slot];
        if (allowedOrigin === PREFLIGHT) return;
        const { headers } = exchange.response!;
        // Because: browsers treat duplicate CORS fields as an error, and the upstream may allow more.
        headers.removeByPrefix('access-control-');
        // Because: without it, a cache would give the response for one origin to other origins, and to requests without an Origin.
        if (!origins.any) addVary(headers, 'Origin');
        if (typeof allowedOrigin !== 'string') return;
        headers.append('Access-Control-Allow-Origin', allowedOrigin);
        if (config.credentials) headers.appendTrusted('Access-Control-Allow-Credentials', 'true');
        if (expose !== '') headers.appendTrusted('Access-Control-Expose-Headers', expose);
      },
    };
  },
};

/** The response to a preflight. It permits nothing when `allowedOrigin` is null, so the browser refuses the request. */
function preflightReply(config: CorsConfig, asked: Headers, allowedOrigin: string | null): Reply {
  const headers: [string, string][] = [
    ['Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'],
  ];
  if (allowedOrigin !== null) {
    headers.push(['Access-Control-Allow-Origin', allowedOrigin]);
    headers.push(['Access-Control-Allow-Methods', config.methods.join(', ')]);
    const names = allowedHeaders(config, asked);
    if (names !== '') headers.push(['Access-Control-Allow-Headers', names]);
    if (config.credentials) headers.push(['Access-Control-Allow-Credentials', 'true']);
    headers.push(['Access-Control-Max-Age', String(config.maxAge / 1_000)]);
    if (config.privateNetwork && asked.get('access-control-request-private-network') === 'true') {
      headers.push(['Access-Control-Allow-Private-Network', 'true']);
    }
  }
  return { status: 204, headers };
}

/** The configured list. When every header is allowed, the names that the page asks for, since `*` does not cover Authorization. */
function allowedHeaders(config: CorsConfig, asked: Headers): string {
  if (!config.headers.includes('*')) return config.headers.join(', ');
  const names = asked.getJoined('access-control-request-headers');
  return names !== undefined && names.length <= FIELD_NAMES_LENGTH_MAX && fieldNames.test(names) ? names : '';
}
