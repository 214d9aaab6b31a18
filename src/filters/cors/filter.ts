// The cors filter: answers preflights, and says on every other answer whether the caller's page may read it.

import type { FilterDefinition } from '../../exchange/filter.ts';
import type { Reply } from '../../exchange/response.ts';
import { HeaderId } from '../../http/header-names.ts';
import type { Headers } from '../../http/headers.ts';
import { addVary } from '../../http/vary.ts';
import type { CorsConfig } from './config.ts';
import { OriginList } from './origin-list.ts';

/** Names of header fields with commas between, of a length that one may repeat. */
const fieldNames = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*$/;
const FIELD_NAMES_LENGTH_MAX = 2048;

/** State of an exchange whose answer is the preflight's and needs no more. */
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
        // Because: two answers to the same question are an error to browsers, and the upstream may allow more.
        headers.removeByPrefix('access-control-');
        // Because: without it a cache would give one origin's answer to another, those without an Origin included.
        if (!origins.any) addVary(headers, 'Origin');
        if (typeof allowedOrigin !== 'string') return;
        headers.append('Access-Control-Allow-Origin', allowedOrigin);
        if (config.credentials) headers.appendTrusted('Access-Control-Allow-Credentials', 'true');
        if (expose !== '') headers.appendTrusted('Access-Control-Expose-Headers', expose);
      },
    };
  },
};

/** The answer to a preflight; without permissions where the origin has none, which makes the browser refuse it. */
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
    headers.push(['Access-Control-Max-Age', String(config.maxAge)]);
    if (config.privateNetwork && asked.get('access-control-request-private-network') === 'true') {
      headers.push(['Access-Control-Allow-Private-Network', 'true']);
    }
  }
  return { status: 204, headers };
}

/** The list as configured; what the page asks for where everything is allowed, since `*` does not cover Authorization. */
function allowedHeaders(config: CorsConfig, asked: Headers): string {
  if (!config.headers.includes('*')) return config.headers.join(', ');
  const names = asked.getJoined('access-control-request-headers');
  return names !== undefined && names.length <= FIELD_NAMES_LENGTH_MAX && fieldNames.test(names) ? names : '';
}
