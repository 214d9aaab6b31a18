import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type AccessFields,
  accessLine,
  clientPart,
  emptyAccessFields,
  endpointPart,
  routePart,
} from './access-line.ts';

function example(): AccessFields {
  return {
    ...emptyAccessFields(),
    timeMs: Date.UTC(2026, 10, 21, 6, 17, 13, 42),
    requestId: '0123456789abcdef0123456789abcdef',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    clientPart: clientPart('203.0.113.7'),
    routePart: routePart('users'),
    endpointPart: endpointPart('users', 'http://10.0.0.1:8080'),
    method: 'GET',
    host: 'api.example.com',
    path: '/api/users/1',
    status: 200,
    bytesIn: 120,
    bytesOut: 2_048,
    durationMs: 2.5,
    upstreamMs: 2.25,
    overheadMs: 0.25,
    attempts: 1,
    userAgent: 'curl/8.5.0',
    protocol: 'HTTP/1.1',
  };
}

test('the first line of all may be one of which nothing is known', () => {
  // Because: this must run before any other test in this file, while no earlier line is remembered.
  const fields = JSON.parse(accessLine(emptyAccessFields())) as Record<string, unknown>;
  assert.deepEqual([fields['method'], fields['host'], fields['path'], fields['userAgent']], ['', '', '', '']);
});

test('a line has every field', () => {
  assert.deepEqual(JSON.parse(accessLine(example())), {
    time: '2026-11-21T06:17:13.042Z',
    client: '203.0.113.7',
    route: 'users',
    upstream: 'users',
    endpoint: 'http://10.0.0.1:8080',
    status: 200,
    attempts: 1,
    consumer: null,
    code: null,
    protocol: 'HTTP/1.1',
    bytesIn: 120,
    bytesOut: 2_048,
    durationMs: 2.5,
    upstreamMs: 2.25,
    overheadMs: 0.25,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    requestId: '0123456789abcdef0123456789abcdef',
    method: 'GET',
    host: 'api.example.com',
    path: '/api/users/1',
    userAgent: 'curl/8.5.0',
  });
});

test('a refusal has its code, and null where there is no route and no endpoint', () => {
  const fields = {
    ...example(),
    routePart: routePart(null),
    endpointPart: endpointPart(null, null),
    status: 404,
    code: 'route_not_found',
    attempts: 0,
  };
  const { route, upstream, endpoint, status, code } = JSON.parse(accessLine(fields));
  assert.deepEqual(
    { route, upstream, endpoint, status, code },
    { route: null, upstream: null, endpoint: null, status: 404, code: 'route_not_found' },
  );
});

const evil = fc.constantFrom(
  '"',
  '\\',
  '","host":"',
  '"}',
  '\n',
  '\x00',
  '\xfc',
  '"}\n{"',
  '\\"',
  ',"userAgent":"',
  'a',
  '/',
  ' ',
);
const text = fc.oneof(fc.string({ unit: evil, maxLength: 6 }), fc.string({ unit: 'binary-ascii' }));

test('whatever a client sends stays inside its own field of its own line', () => {
  fc.assert(
    fc.property(text, text, text, text, text, fc.option(text), (requestId, method, host, path, userAgent, consumer) => {
      const line = accessLine({ ...example(), requestId, method, host, path, userAgent, consumer });
      assert.match(line, /^[\x20-\x7e]+$/);
      const parsed = JSON.parse(line);
      assert.deepEqual(Object.keys(parsed).length, 21);
      const { requestId: r, method: m, host: h, path: p, userAgent: u, consumer: c } = parsed;
      assert.deepEqual([r, m, h, p, u, c], [requestId, method, host, path, userAgent, consumer]);
    }),
    { numRuns: 5_000 },
  );
});

test('one record filled anew gives what a fresh one would, in whatever order outcomes come', () => {
  const reused = example();
  const change = fc.record({
    status: fc.constantFrom(200, 404),
    attempts: fc.constantFrom(1, 2),
    consumer: fc.constantFrom(null, 'acme'),
    code: fc.constantFrom(null, 'rate_limited'),
    protocol: fc.constantFrom('HTTP/1.1', 'HTTP/1.0'),
    routePart: fc.constantFrom(routePart('a'), routePart('b')),
    endpointPart: fc.constantFrom(endpointPart('a', 'x'), endpointPart(null, null)),
  });
  fc.assert(
    fc.property(change, fields => {
      const parsed = JSON.parse(accessLine(Object.assign(reused, fields)));
      const { status, attempts, consumer, code, protocol } = fields;
      const { route, upstream } = parsed;
      assert.deepEqual(
        [parsed.status, parsed.attempts, parsed.consumer, parsed.code, parsed.protocol],
        [status, attempts, consumer, code, protocol],
      );
      assert.equal(routePart(route), fields.routePart);
      assert.ok(fields.endpointPart.startsWith(`,"upstream":${JSON.stringify(upstream)},`));
    }),
    { numRuns: 1_000 },
  );
});
