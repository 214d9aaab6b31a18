// Everything that is built in, in one list. A new filter touches its own folder and one line here.

import { readEndpointFile } from '../config/endpoint-file.ts';
import type { FilterDefinition } from '../exchange/filter.ts';
import * as acl from '../filters/acl/config.ts';
import { aclFilter } from '../filters/acl/filter.ts';
import * as allOf from '../filters/all-of/config.ts';
import { allOfFilter } from '../filters/all-of/filter.ts';
import * as anyOf from '../filters/any-of/config.ts';
import { anyOfFilter } from '../filters/any-of/filter.ts';
import * as apiKey from '../filters/api-key/config.ts';
import { apiKeyFilter } from '../filters/api-key/filter.ts';
import * as basic from '../filters/basic/config.ts';
import { basicFilter } from '../filters/basic/filter.ts';
import * as bodyLimit from '../filters/body-limit/config.ts';
import { bodyLimitFilter } from '../filters/body-limit/filter.ts';
import * as compress from '../filters/compress/config.ts';
import { compressFilter } from '../filters/compress/filter.ts';
import * as cors from '../filters/cors/config.ts';
import { corsFilter } from '../filters/cors/filter.ts';
import * as forwardAuth from '../filters/forward-auth/config.ts';
import { forwardAuthFilter } from '../filters/forward-auth/filter.ts';
import * as headers from '../filters/headers/config.ts';
import { headersFilter } from '../filters/headers/filter.ts';
import * as introspect from '../filters/introspect/config.ts';
import { introspectFilter } from '../filters/introspect/filter.ts';
import * as ipAccess from '../filters/ip-access/config.ts';
import { ipAccessFilter } from '../filters/ip-access/filter.ts';
import * as jwt from '../filters/jwt/config.ts';
import { jwtFilter } from '../filters/jwt/filter.ts';
import * as mtls from '../filters/mtls/config.ts';
import { mtlsFilter } from '../filters/mtls/filter.ts';
import * as oidc from '../filters/oidc/config.ts';
import { oidcFilter } from '../filters/oidc/filter.ts';
import * as quota from '../filters/quota/config.ts';
import { quotaFilter } from '../filters/quota/filter.ts';
import * as rateLimit from '../filters/rate-limit/config.ts';
import { rateLimitFilter } from '../filters/rate-limit/filter.ts';
import * as requestId from '../filters/request-id/config.ts';
import { requestIdFilter } from '../filters/request-id/filter.ts';
import * as signature from '../filters/signature/config.ts';
import { signatureFilter } from '../filters/signature/filter.ts';
import type { FeedSource } from '../store/feed.ts';
import { jwksSource } from '../store/jwks/jwks-source.ts';
import { limitsSource } from '../store/redis/shared/limits-source.ts';
import { revocationSource } from '../store/revocation/revocation-source.ts';
import { dnsAddresses } from '../upstream/discovery/dns-addresses.ts';
import { dnsServices } from '../upstream/discovery/dns-services.ts';
import { endpointFile } from '../upstream/discovery/endpoint-file.ts';
import type { FilterDefinitions } from './compile-chain.ts';

/** A filter's language, from its config.ts, with what builds it. */
function entry<Language extends object>(language: Language, definition: FilterDefinition<never>) {
  // Because: the language's schema makes exactly what this definition takes, and a list cannot say so for each entry.
  const identifies = definition.identityHeaders !== undefined;
  return { ...language, identifies, definition: definition as FilterDefinition<unknown> };
}

/** Every filter that a configuration may name. */
const filters = [
  entry(acl, aclFilter),
  entry(jwt, jwtFilter),
  entry(introspect, introspectFilter),
  entry(anyOf, anyOfFilter),
  entry(allOf, allOfFilter),
  entry(forwardAuth, forwardAuthFilter),
  entry(oidc, oidcFilter),
  entry(headers, headersFilter),
  entry(cors, corsFilter),
  entry(ipAccess, ipAccessFilter),
  entry(bodyLimit, bodyLimitFilter),
  entry(compress, compressFilter),
  entry(rateLimit, rateLimitFilter),
  entry(quota, quotaFilter),
  entry(requestId, requestIdFilter),
  entry(signature, signatureFilter),
  entry(basic, basicFilter),
  entry(mtls, mtlsFilter),
  entry(apiKey, apiKeyFilter),
];

/** What config/ checks documents by. */
export const filterSchemas = filters;

/** By name, as the compiler asks for them. */
export const filterDefinitions: FilterDefinitions = new Map(
  filters.map(({ definition }) => [definition.name, definition]),
);

/** Endpoints of a file, in the language of the configuration. */
const endpointFiles = endpointFile((text, file) =>
  readEndpointFile(text, file).map(({ host, port, tls, weight, zone }) => {
    return { address: host, port, tls, weight, zone, name: '' };
  }),
);

/** What feeds values to filters and upstreams from outside; each runs once, in the supervisor. */
const sources: readonly FeedSource<unknown>[] = [
  dnsAddresses,
  dnsServices,
  endpointFiles,
  jwksSource,
  limitsSource,
  revocationSource,
];

/** By kind, as the supervisor asks for them. */
export const feedSources: ReadonlyMap<string, FeedSource<unknown>> = new Map(
  sources.map(source => [source.kind, source]),
);
