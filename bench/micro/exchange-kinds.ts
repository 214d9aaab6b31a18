// The requests that bench/micro/exchange.ts sends, and the filters they pass. For each policy there is the same request without the
// filter, because a longer head costs by itself.

import type { FilterDefinition, FilterServices } from '../../src/exchange/filter.ts';
import { identityHeaderPrefixes } from '../../src/exchange/identity/identity-lines.ts';
import * as apiKeyConfig from '../../src/filters/api-key/config.ts';
import { apiKeyFilter } from '../../src/filters/api-key/filter.ts';
import * as bodyLimit from '../../src/filters/body-limit/config.ts';
import { bodyLimitFilter } from '../../src/filters/body-limit/filter.ts';
import * as compress from '../../src/filters/compress/config.ts';
import { compressFilter } from '../../src/filters/compress/filter.ts';
import * as cors from '../../src/filters/cors/config.ts';
import { corsFilter } from '../../src/filters/cors/filter.ts';
import * as headersConfig from '../../src/filters/headers/config.ts';
import { headersFilter } from '../../src/filters/headers/filter.ts';
import * as ipAccess from '../../src/filters/ip-access/config.ts';
import { ipAccessFilter } from '../../src/filters/ip-access/filter.ts';
import * as jwtConfig from '../../src/filters/jwt/config.ts';
import { jwtFilter } from '../../src/filters/jwt/filter.ts';
import * as requestId from '../../src/filters/request-id/config.ts';
import { requestIdFilter } from '../../src/filters/request-id/filter.ts';
import { HeaderNameSet } from '../../src/http/header-name-set.ts';
import type { EngineOptions } from '../../test/support/engine-gateway.ts';
import { filterServices, type TestServices } from '../../test/support/filter-services.ts';
import { apiKey, apiKeyHash, audience, issuer, makeToken, publicKeyPem } from '../backend/tokens.ts';

const TOKENS = 1_000;

export interface ExchangeKind {
  readonly routes: number;
  /** Further header fields of the requests; each request takes one of these lists at random. */
  readonly fields: readonly (readonly string[])[];
  readonly options: EngineOptions;
}

const tool = ['User-Agent: bench/1', 'Accept: */*'];

const browser = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Sec-CH-UA: "Chromium";v="150", "Not/A)Brand";v="24"',
  'Sec-CH-UA-Mobile: ?0',
  'Sec-CH-UA-Platform: "Linux"',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: same-origin',
  'Referer: https://shop.example.com/catalogue/chairs?page=3',
  `Cookie: session=${'0123456789abcdef'.repeat(8)}; theme=dark; consent=${'x'.repeat(300)}`,
];

/**
 * `name` as on the command line: `browser`, `apiKey`, `jwt`, `filters`, or a number of routes. `:bare` after `apiKey`, `jwt` or `filters`
 * gives the same without the filters.
 */
export function exchangeKind(name: string): ExchangeKind {
  const [policy, variant] = name.split(':');
  const options = (chain: EngineOptions): EngineOptions => (variant === 'bare' ? {} : chain);
  switch (policy) {
    case 'browser':
      return { routes: 1, fields: [browser], options: {} };
    case 'apiKey':
      return { routes: 1, fields: [[...tool, `X-Api-Key: ${apiKey}`]], options: options(apiKeyOptions()) };
    case 'jwt': {
      const fields = Array.from({ length: TOKENS }, (_, i) => [...tool, `Authorization: Bearer ${makeToken(i)}`]);
      return { routes: 1, fields, options: options(jwtOptions()) };
    }
    case 'filters':
      return { routes: 1, fields: [tool], options: options(firstFilters()) };
    default: {
      const routes = Number(name);
      if (!(routes >= 1 && routes <= 10_000)) throw new Error('a path has four digits for its route');
      return { routes, fields: [tool], options: {} };
    }
  }
}

function built<Config>(definition: FilterDefinition<Config>, config: Config, more: TestServices = {}) {
  const context = { store: (): never => throwNoStore() };
  const needs = definition.needs?.(config, context) ?? {};
  const services: FilterServices = filterServices({ events: definition.events ?? [], needs, ...more });
  return definition.build(config, services);
}

function throwNoStore(): never {
  throw new Error('nothing here names a store');
}

const identityHeaders = new HeaderNameSet([], identityHeaderPrefixes);

function apiKeyOptions(): EngineOptions {
  const config = apiKeyConfig.schema.parse({ from: [{ header: 'x-api-key' }] });
  const key = {
    id: 'k',
    hash: `sha256:${apiKeyHash}`,
    scopes: [],
    routes: null,
    plan: null,
    expiresAtMs: null,
    disabled: false,
  };
  const consumers = [{ name: 'c500', tenant: null, plan: null, groups: [], tags: {}, keys: [key] }];
  return { filters: [built(apiKeyFilter, config)], identityHeaders, consumers };
}

function jwtOptions(): EngineOptions {
  const keys = { pem: publicKeyPem(), algorithm: 'RS256' };
  const config = jwtConfig.schema.parse({ issuer, audience, keys, cache: '16MiB' });
  return { filters: [built(jwtFilter, config)], identityHeaders };
}

/** As in the scenario `filters` of the bench. */
function firstFilters(): EngineOptions {
  const headers = {
    request: { set: { 'x-client': '${client.ip}', 'x-original-path': '${path}' } },
    response: { remove: ['x-powered-by'], set: { 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff' } },
  };
  return {
    filters: [
      built(requestIdFilter, requestId.schema.parse({}), { slot: 0 }),
      built(ipAccessFilter, ipAccess.schema.parse({ deny: ['10.66.0.0/16', '192.0.2.0/24'] }), { slot: 1 }),
      built(bodyLimitFilter, bodyLimit.schema.parse({ max: '1MiB' }), { slot: 2 }),
      built(corsFilter, cors.schema.parse({ origins: ['https://app.example.com'] }), { slot: 3 }),
      built(headersFilter, headersConfig.schema.parse(headers), { slot: 4 }),
      built(compressFilter, compress.schema.parse({}), { slot: 5 }),
    ],
  };
}
