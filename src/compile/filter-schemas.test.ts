// What the configuration of every filter in the catalogue must have: documentation, a closed JSON Schema in which every setting is
// described, and values that can be sent to another thread.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { filterEntries } from './catalog.ts';

interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: unknown;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** The settings without a description, and the maps that allow unknown keys. */
function problemsOf(schema: JsonSchema, path: string): string[] {
  const below = [schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter(each => each !== undefined);
  const isOpen = schema.properties !== undefined && schema.additionalProperties !== false;
  return [
    ...(isOpen ? [`${path} allows unknown keys`] : []),
    ...below.flatMap(each => problemsOf(each, `${path}[]`)),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => [
      ...(property.description === undefined ? [`${path}.${name} is not described`] : []),
      ...problemsOf(property, `${path}.${name}`),
    ]),
  ];
}

const scryptHash = '$scrypt$ln=14,r=8,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
const inner = [{ apiKey: {} }, { jwt: {} }];

/** A short configuration for each filter that cannot do without one. */
const configurations: Readonly<Record<string, unknown>> = {
  acl: { allow: [{ scopes: ['read'] }] },
  allOf: inner,
  anyOf: inner,
  basic: { users: [{ name: 'ann', password: scryptHash }] },
  bodyLimit: { max: '1KiB' },
  cors: { origins: ['https://a.example.com'] },
  forwardAuth: { url: 'https://auth.example.com/check' },
  introspect: { url: 'https://idp.example.com/introspect', client: { id: 'a', secret: 'b' } },
  ipAccess: { deny: ['10.0.0.0/8'] },
  jwt: { issuer: 'https://idp.example.com', audience: 'api' },
  mtls: { clients: [{ dns: 'a.example.com' }] },
  oidc: { issuer: 'https://idp.example.com', clientId: 'a', clientSecret: 'b', session: { keys: ['k'.repeat(32)] } },
  quota: { limit: '10M/month', store: 'main' },
  rateLimit: { limit: '100/s' },
  signature: { scheme: 'rfc9421', keys: [{ id: 'k', algorithm: 'hmac-sha256', secret: 's'.repeat(32) }] },
};

for (const { name, language } of filterEntries) {
  test(`${name}: described for editors and the reference`, async () => {
    const { schema, documentation = '' } = await language();
    // Because: what zod generates has these members only in these forms.
    const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
    assert.deepEqual(problemsOf(json, name), []);
    assert.ok(documentation.length > 100 && documentation.endsWith('.'));
    assert.doesNotMatch(documentation, /[^\n]\n[^\n]/, 'a line break that is no paragraph');
  });

  test(`${name}: what the schema gives can be sent to another thread`, async () => {
    const { schema } = await language();
    const config = schema.parse(configurations[name] ?? {});
    assert.deepEqual(structuredClone(config), config);
  });
}
