// The policies of the bench as Cardea's configuration: the filters of each.

import { apiKeyHash, audience, issuer, publicKeyFile } from '../backend/tokens.ts';
import type { Policy } from '../peer.ts';

/** Approximate size of a verified token of the bench with its claims in the cache. */
const TOKEN_BYTES = 2048;

/** The consumer with the key of `apiKey`, among 999 others: a table with a single key would flatter. */
export const cardeaConsumers = `consumers:
${Array.from({ length: 1000 }, (_, i) => `  - { name: c${i}, keys: [{ id: k${i}, hash: "sha256:${i === 500 ? apiKeyHash : i.toString(16).padStart(64, '0')}" }] }\n`).join('')}`;

/** The global filter chain as YAML. */
export function cardeaPolicy({ kind, perMinute, cachedTokens }: Policy): string {
  const limit = (by: string) =>
    perMinute === null ? '' : `  - rateLimit: { limit: ${perMinute}/min, by: ${by}, headers: refused }\n`;
  if (kind === 'apiKey') return 'filters:\n  - apiKey: { from: [{ header: x-api-key }] }\n';
  if (kind === 'tenantLimit')
    return `filters:\n  - rateLimit: { limit: ${perMinute}/min, by: { header: x-tenant }, headers: refused, memory: 64MiB }\n`;
  if (kind === 'rateLimit') return `filters:\n${limit('ip')}`;
  const cache = cachedTokens === 0 ? 'off' : `${(cachedTokens * TOKEN_BYTES) / 1024}KiB`;
  return `filters:
  - jwt:
      issuer: ${issuer}
      audience: ${audience}
      keys: { pem: "\${file:${publicKeyFile}}", algorithm: RS256 }
      cache: ${cache}
${limit('{ claim: sub }')}`;
}
