// What the configuration of a filter must have: a name, documentation, and a JSON Schema in which every field is described.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import * as bodyLimit from './body-limit/config.ts';
import * as compress from './compress/config.ts';
import * as cors from './cors/config.ts';
import * as headers from './headers/config.ts';
import * as introspect from './introspect/config.ts';
import * as ipAccess from './ip-access/config.ts';
import * as jwt from './jwt/config.ts';
import * as rateLimit from './rate-limit/config.ts';
import * as requestId from './request-id/config.ts';

interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: unknown;
}

function undescribed(schema: JsonSchema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => [
    ...(property.description === undefined ? [`${path}.${name}`] : []),
    ...undescribed(property, `${path}.${name}`),
  ]);
}

for (const { name, schema, documentation } of [
  bodyLimit,
  compress,
  cors,
  headers,
  introspect,
  ipAccess,
  jwt,
  rateLimit,
  requestId,
]) {
  test(`${name}: described for editors and the reference`, () => {
    const json = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
    assert.deepEqual(undescribed(json, name), []);
    assert.equal(json.additionalProperties, false);
    assert.ok(documentation.length > 100 && documentation.endsWith('.') && !documentation.includes('\n'));
  });

  test(`${name}: what the schema gives can be sent to another thread`, () => {
    const least: Record<string, unknown> = {
      bodyLimit: { max: '1KiB' },
      cors: { origins: ['https://a.example.com'] },
      ipAccess: { deny: ['10.0.0.0/8'] },
      rateLimit: { limit: '100/s' },
      jwt: { issuer: 'https://idp.example.com', audience: 'api' },
      introspect: { url: 'https://idp.example.com/introspect', client: { id: 'a', secret: 'b' } },
    };
    const config = schema.parse(least[name] ?? {});
    assert.deepEqual(structuredClone(config), config);
  });
}
