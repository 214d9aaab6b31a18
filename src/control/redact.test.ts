// Secrets are hidden wherever they stand in a configuration, and everything else stays readable.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redact } from './redact.ts';

const hidden = '[redacted]';

test('keys, header values and URLs that hold secrets', () => {
  assert.deepEqual(
    redact({
      consumers: [{ name: 'acme', keys: [{ id: 'k1', hash: 'sha256:abc' }] }],
      filters: [
        {
          name: 'headers',
          config: { request: { set: { authorization: 'Bearer x', 'x-api-key': 'k', 'x-team': 'a' } } },
        },
        { name: 'jwt', config: { clientSecret: 's', issuer: 'https://idp', passwords: ['p1', 'p2'] } },
      ],
      upstreams: [{ endpoints: [{ url: 'http://user:p@ss@10.0.0.1:80/' }] }],
      routes: [
        {
          match: { headers: [{ name: 'x-api-key', match: { kind: 'exact', value: 'k' } }] },
          to: {
            reply: {
              headers: [
                { name: 'set-cookie', value: 'a=b' },
                { name: 'content-type', value: 'text/plain' },
              ],
            },
          },
        },
      ],
    }),
    {
      consumers: [{ name: 'acme', keys: [{ id: 'k1', hash: hidden }] }],
      filters: [
        {
          name: 'headers',
          config: { request: { set: { authorization: hidden, 'x-api-key': hidden, 'x-team': 'a' } } },
        },
        { name: 'jwt', config: { clientSecret: hidden, issuer: 'https://idp', passwords: [hidden, hidden] } },
      ],
      upstreams: [{ endpoints: [{ url: `http://${hidden}@10.0.0.1:80/` }] }],
      routes: [
        {
          match: { headers: [{ name: 'x-api-key', match: { kind: 'exact', value: hidden } }] },
          to: {
            reply: {
              headers: [
                { name: 'set-cookie', value: hidden },
                { name: 'content-type', value: 'text/plain' },
              ],
            },
          },
        },
      ],
    },
  );
});

test('fields by which services recognise the gateway, whatever their name ends in', () => {
  const names = ['x-internal-auth', 'X-Auth', 'x-auth-proxy', 'x-functions-key', 'x_gateway_key', 'x-hub-signature'];
  for (const name of names) {
    assert.deepEqual(redact({ set: { [name]: 's' } }), { set: { [name]: hidden } }, name);
    const matched = { headers: [{ name, match: { kind: 'exact', value: 's' } }] };
    const shown = { headers: [{ name, match: { kind: 'exact', value: hidden } }] };
    assert.deepEqual(redact(matched), shown, name);
  }
  const plain = { set: { author: 'a', 'x-author': 'b', authority: 'c', authorities: ['ca.pem'], 'x-keyboard': 'd' } };
  assert.deepEqual(redact(plain), plain);
});

test('numbers, empty text and plain values stay', () => {
  const plain = { port: 8080, admin: null, tokenless: '', url: 'http://10.0.0.1:80', list: [1, 'a', true] };
  assert.deepEqual(redact(plain), plain);
});

test('lists of keys, and the secret members of a JWK', () => {
  assert.deepEqual(redact({ session: { keys: ['a', 'b'] } }), { session: { keys: ['[redacted]', '[redacted]'] } });
  assert.deepEqual(
    redact({
      keys: {
        set: [
          { kty: 'oct', kid: 'a', k: 'x' },
          { kty: 'RSA', n: 'n', d: 'd', p: 'p' },
        ],
      },
    }),
    {
      keys: {
        set: [
          { kty: 'oct', kid: 'a', k: '[redacted]' },
          { kty: 'RSA', n: 'n', d: '[redacted]', p: '[redacted]' },
        ],
      },
    },
  );
  assert.deepEqual(redact({ keys: [{ id: 'k1', d: 'shown' }] }), { keys: [{ id: 'k1', d: 'shown' }] });
});
