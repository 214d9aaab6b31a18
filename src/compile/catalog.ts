// Everything that a configuration may name, in one list. A new filter touches its own folder and one line here. Languages are loaded
// where documents are read only: what checks them takes memory that a worker has better uses for.

import { grpcWebFilter } from '../bridges/grpc-web/filter.ts';
import type { FilterSchema } from '../config/filter-schema.ts';
import type { FilterDefinition } from '../exchange/filter.ts';
import { aclFilter } from '../filters/acl/filter.ts';
import { allOfFilter } from '../filters/all-of/filter.ts';
import { anyOfFilter } from '../filters/any-of/filter.ts';
import { apiKeyFilter } from '../filters/api-key/filter.ts';
import { basicFilter } from '../filters/basic/filter.ts';
import { bodyLimitFilter } from '../filters/body-limit/filter.ts';
import { compressFilter } from '../filters/compress/filter.ts';
import { corsFilter } from '../filters/cors/filter.ts';
import { forwardAuthFilter } from '../filters/forward-auth/filter.ts';
import { headersFilter } from '../filters/headers/filter.ts';
import { idempotencyFilter } from '../filters/idempotency/filter.ts';
import { introspectFilter } from '../filters/introspect/filter.ts';
import { ipAccessFilter } from '../filters/ip-access/filter.ts';
import { jwtFilter } from '../filters/jwt/filter.ts';
import { mtlsFilter } from '../filters/mtls/filter.ts';
import { oidcFilter } from '../filters/oidc/filter.ts';
import { quotaFilter } from '../filters/quota/filter.ts';
import { rateLimitFilter } from '../filters/rate-limit/filter.ts';
import { requestIdFilter } from '../filters/request-id/filter.ts';
import { signatureFilter } from '../filters/signature/filter.ts';
import type { FilterDefinitions } from './compile-chain.ts';

/** A filter, and where its language is. */
function entry(language: () => Promise<FilterSchema>, definition: FilterDefinition<never>) {
  // Because: the language's schema makes exactly what this definition takes, and a list cannot say so for each entry.
  return { language, definition: definition as FilterDefinition<unknown> };
}

/** Every filter that a configuration may name. */
export const filterEntries = [
  entry(() => import('../filters/acl/config.ts'), aclFilter),
  entry(() => import('../filters/jwt/config.ts'), jwtFilter),
  entry(() => import('../filters/introspect/config.ts'), introspectFilter),
  entry(() => import('../filters/any-of/config.ts'), anyOfFilter),
  entry(() => import('../filters/all-of/config.ts'), allOfFilter),
  entry(() => import('../filters/forward-auth/config.ts'), forwardAuthFilter),
  entry(() => import('../filters/oidc/config.ts'), oidcFilter),
  entry(() => import('../bridges/grpc-web/config.ts'), grpcWebFilter),
  entry(() => import('../filters/headers/config.ts'), headersFilter),
  entry(() => import('../filters/cors/config.ts'), corsFilter),
  entry(() => import('../filters/ip-access/config.ts'), ipAccessFilter),
  entry(() => import('../filters/body-limit/config.ts'), bodyLimitFilter),
  entry(() => import('../filters/compress/config.ts'), compressFilter),
  entry(() => import('../filters/rate-limit/config.ts'), rateLimitFilter),
  entry(() => import('../filters/quota/config.ts'), quotaFilter),
  entry(() => import('../filters/request-id/config.ts'), requestIdFilter),
  entry(() => import('../filters/idempotency/config.ts'), idempotencyFilter),
  entry(() => import('../filters/signature/config.ts'), signatureFilter),
  entry(() => import('../filters/basic/config.ts'), basicFilter),
  entry(() => import('../filters/mtls/config.ts'), mtlsFilter),
  entry(() => import('../filters/api-key/config.ts'), apiKeyFilter),
];

/** By name, as the compiler asks for them. */
export const filterDefinitions: FilterDefinitions = new Map(
  filterEntries.map(({ definition }) => [definition.name, definition]),
);
