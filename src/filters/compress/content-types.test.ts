// Types with and without parameters, wildcards and suffixes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schema } from './config.ts';
import { ContentTypes } from './content-types.ts';

test('the default types', () => {
  const types = new ContentTypes(schema.parse({}).types);
  for (const type of [
    'text/html; charset=utf-8',
    'TEXT/CSS',
    'text/event-stream',
    'application/json',
    'application/problem+json',
    'image/svg+xml',
    'application/wasm',
    ' application/xml ;x=y',
    'application/vnd.api+json; v=1',
  ]) {
    assert.ok(types.has(type), type);
    assert.ok(types.has(type), `${type}, remembered`);
  }
  for (const type of [
    'image/png',
    'video/mp4',
    'application/octet-stream',
    'application/zip',
    'font/woff2',
    'application/grpc',
    'application/grpc+json',
    'text',
    '',
    'application/jsonx',
  ]) {
    assert.ok(!types.has(type), type);
  }
});

test('what is remembered stays bounded, and right', () => {
  const types = new ContentTypes(['text/*']);
  for (let n = 0; n < 2000; n++) assert.equal(types.has(`${n % 2 === 0 ? 'text' : 'image'}/x${n}`), n % 2 === 0);
});

test('types that cannot work are refused', () => {
  for (const type of ['json', '*/*', 'text/html; charset=utf-8', '+json', '', 'a/b/c']) {
    assert.ok(!schema.safeParse({ types: [type] }).success, type);
  }
});
