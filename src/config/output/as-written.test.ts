// Values from outside are shown as they were written, wherever the configuration has them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type LoadOptions, loadConfigText } from '../load.ts';
import { asWritten } from './as-written.ts';

const text = `listeners: [{ address: "127.0.0.1:0" }]
upstreams: { shop: { endpoints: ["http://\${env:HOST}:\${env:PORT}"] } }
routes:
  - name: shop
    filters: [{ tag: { value: "Bearer \${env:TOKEN}", list: ["\${env:STAGE}", 8080] } }]
    to: shop
`;
const filters = [{ name: 'tag', schema: z.strictObject({ value: z.string(), list: z.array(z.unknown()) }) }];
const env = { HOST: 'inner-host.example', PORT: '8080', TOKEN: 'correct horse', STAGE: 'shop' };

function load(options: LoadOptions) {
  const result = loadConfigText(text, 'a.yaml', options);
  assert.ok(result.ok, JSON.stringify(result.problems));
  return result.config;
}

test('values from outside are as written; names and numbers stay', () => {
  const config = load({ filters, env });
  const shown = JSON.stringify(asWritten(config, config));
  assert.doesNotMatch(shown, /correct horse|inner-host/);
  assert.deepEqual(asWritten(config, config.routes[0]), {
    ...config.routes[0],
    filters: [{ name: 'tag', config: { value: 'Bearer ${env:TOKEN}', list: ['${env:STAGE}', 8080] } }],
  });
  const [endpoint] = config.upstreams[0]!.endpoints;
  assert.deepEqual(asWritten(config, endpoint), { ...endpoint, url: 'http://${env:HOST}:8080', host: '${env:HOST}' });
});

test('nothing is copied where nothing came from outside', () => {
  const result = loadConfigText('listeners: [{ address: "127.0.0.1:0" }]\n', 'a.yaml', { filters, env });
  assert.ok(result.ok);
  assert.equal(asWritten(result.config, result.config), result.config);
});
