// The list of all filters that a configuration may name. A new filter touches its own folder and one line here. A filter's language and
// its code are loaded separately and on demand: reading documents needs the language, gateways that use the filter need the code.

import type { FilterSchema } from '../config/schemas/filter-schema.ts';
import type { FilterDefinition } from '../exchange/filter.ts';
import type { FilterDefinitions } from './compile-chain.ts';

/** A filter: its name, and how to load its language and its definition. */
interface FilterEntry {
  readonly name: string;
  language(): Promise<FilterSchema>;
  definition(): Promise<FilterDefinition<unknown>>;
}

function entry(
  name: string,
  language: () => Promise<FilterSchema>,
  definition: () => Promise<FilterDefinition<never>>,
): FilterEntry {
  // Because: the schema produces exactly the configuration that the definition takes, which the type of a list cannot express.
  return { name, language, definition: definition as () => Promise<FilterDefinition<unknown>> };
}

/** Every filter that a configuration may name. */
// biome-ignore format: one line a filter
export const filterEntries: readonly FilterEntry[] = [
  entry('acl', () => import('../filters/acl/config.ts'), async () => (await import('../filters/acl/filter.ts')).aclFilter),
  entry('jwt', () => import('../filters/jwt/config.ts'), async () => (await import('../filters/jwt/filter.ts')).jwtFilter),
  entry('introspect', () => import('../filters/introspect/config.ts'), async () => (await import('../filters/introspect/filter.ts')).introspectFilter),
  entry('anyOf', () => import('../filters/any-of/config.ts'), async () => (await import('../filters/any-of/filter.ts')).anyOfFilter),
  entry('allOf', () => import('../filters/all-of/config.ts'), async () => (await import('../filters/all-of/filter.ts')).allOfFilter),
  entry('forwardAuth', () => import('../filters/forward-auth/config.ts'), async () => (await import('../filters/forward-auth/filter.ts')).forwardAuthFilter),
  entry('oidc', () => import('../filters/oidc/config.ts'), async () => (await import('../filters/oidc/filter.ts')).oidcFilter),
  entry('grpcWeb', () => import('../bridges/grpc-web/config.ts'), async () => (await import('../bridges/grpc-web/filter.ts')).grpcWebFilter),
  entry('headers', () => import('../filters/headers/config.ts'), async () => (await import('../filters/headers/filter.ts')).headersFilter),
  entry('cors', () => import('../filters/cors/config.ts'), async () => (await import('../filters/cors/filter.ts')).corsFilter),
  entry('httpsRedirect', () => import('../filters/https-redirect/config.ts'), async () => (await import('../filters/https-redirect/filter.ts')).httpsRedirectFilter),
  entry('reverseRewrite', () => import('../filters/reverse-rewrite/config.ts'), async () => (await import('../filters/reverse-rewrite/filter.ts')).reverseRewriteFilter),
  entry('ipAccess', () => import('../filters/ip-access/config.ts'), async () => (await import('../filters/ip-access/filter.ts')).ipAccessFilter),
  entry('bodyLimit', () => import('../filters/body-limit/config.ts'), async () => (await import('../filters/body-limit/filter.ts')).bodyLimitFilter),
  entry('buffer', () => import('../filters/buffer/config.ts'), async () => (await import('../filters/buffer/filter.ts')).bufferFilter),
  entry('compress', () => import('../filters/compress/config.ts'), async () => (await import('../filters/compress/filter.ts')).compressFilter),
  entry('rateLimit', () => import('../filters/rate-limit/config.ts'), async () => (await import('../filters/rate-limit/filter.ts')).rateLimitFilter),
  entry('quota', () => import('../filters/quota/config.ts'), async () => (await import('../filters/quota/filter.ts')).quotaFilter),
  entry('requestId', () => import('../filters/request-id/config.ts'), async () => (await import('../filters/request-id/filter.ts')).requestIdFilter),
  entry('idempotency', () => import('../filters/idempotency/config.ts'), async () => (await import('../filters/idempotency/filter.ts')).idempotencyFilter),
  entry('signature', () => import('../filters/signature/config.ts'), async () => (await import('../filters/signature/filter.ts')).signatureFilter),
  entry('basic', () => import('../filters/basic/config.ts'), async () => (await import('../filters/basic/filter.ts')).basicFilter),
  entry('mtls', () => import('../filters/mtls/config.ts'), async () => (await import('../filters/mtls/filter.ts')).mtlsFilter),
  entry('apiKey', () => import('../filters/api-key/config.ts'), async () => (await import('../filters/api-key/filter.ts')).apiKeyFilter),
];

const entries = new Map(filterEntries.map(each => [each.name, each]));
const loaded = new Map<string, FilterDefinition<unknown>>();

/** Loads the filters that are not loaded yet; unknown names are ignored. Returns all filters that this thread has loaded so far. */
export async function loadDefinitions(names: Iterable<string>): Promise<FilterDefinitions> {
  const missing = [...names].filter(name => entries.has(name) && !loaded.has(name));
  await Promise.all(missing.map(async name => loaded.set(name, await entries.get(name)!.definition())));
  return loaded;
}
