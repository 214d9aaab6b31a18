// Which encoding a client gets, by RFC 9110 section 12.5.3.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseEncoding } from './accept-encoding.ts';

test('the best liked encoding, the gateway’s order among equals', () => {
  for (const [accepted, encoding] of [
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['gzip;q=1.0, br;q=0.5, zstd;q=0.001', 'gzip'],
    ['gzip ; Q=0.8 , br;q=0.9', 'br'],
    ['*', 'zstd'],
    ['zstd;q=0, *', 'br'],
    ['*;q=0.5, gzip', 'gzip'],
    ['identity;q=0.5, gzip;q=0.4', null],
    ['identity, gzip;q=0.5', null],
    ['identity;q=0.5, gzip', 'gzip'],
    ['identity', null],
    ['deflate, compress', null],
    ['gzip;q=0', null],
    ['*;q=0', null],
    ['', null],
    ['gzip;q=2, br;q=-1, zstd;q=0.1234, x y', null],
    ['gzip;level=5', null],
    [undefined, null],
  ] as const) {
    assert.equal(chooseEncoding(accepted, ['zstd', 'br', 'gzip']).encoding, encoding, String(accepted));
  }
});

test('only what is offered', () => {
  assert.equal(chooseEncoding('zstd, br, gzip', ['gzip', 'br']).encoding, 'gzip');
  assert.equal(chooseEncoding('zstd', ['gzip']).encoding, null);
});

test('whether the body as it is will do', () => {
  const refused = (accepted: string) => chooseEncoding(accepted, ['gzip']).identityRefused;
  assert.ok(refused('gzip, identity;q=0'));
  assert.ok(refused('gzip, *;q=0'));
  assert.ok(!refused('gzip, identity;q=0.001, *;q=0'));
  assert.ok(!refused('gzip'));
});
