// A look-up without parameters allocates no object: measured by V8's allocation counter, not by time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getHeapStatistics } from 'node:v8';
import { Headers } from '../http/headers.ts';
import { RouteTableBuilder } from './route-table-builder.ts';

/** Upper bound on rounds. The control measurement, which must find allocations in every round, runs all of them. */
const ROUNDS_MAX = 20_000;

test('find allocates nothing on the plain path, with 10,000 routes and wildcard hosts', () => {
  const builder = new RouteTableBuilder<number>();
  for (let i = 0; i < 10_000; i++) {
    const path = i % 2 === 0 ? `/api/service${i}/*` : `/static/page${i}`;
    const match = {
      hosts: ['a.com', '*.b.com'],
      path,
      methods: ['GET'],
      headers: [],
      query: [],
      cookies: [],
      body: [],
    };
    builder.add({ name: `r${i}`, match, value: i });
  }
  const { table } = builder.finish();
  const headers = Headers.empty();
  const requests = Array.from({ length: 1000 }, (_, i) => {
    const path = i % 2 === 0 ? `/api/service${i}/a/b` : `/static/page${i}`;
    return { method: 'GET', host: 'a.com', path, query: '', headers };
  });
  const bytesPerFind = (run: (request: (typeof requests)[number]) => unknown, enough: number) => {
    let fewest = Number.POSITIVE_INFINITY;
    // Rounds before V8 has optimised the code allocate more, so the round with the fewest bytes counts. V8 compiles on a separate
    // thread, which takes long on a busy machine, so the bound on rounds is high.
    for (let round = 0; round < ROUNDS_MAX && fewest >= enough; round++) {
      const before = getHeapStatistics().total_allocated_bytes;
      for (const request of requests) run(request);
      const grown = getHeapStatistics().total_allocated_bytes - before;
      fewest = Math.min(fewest, grown / requests.length);
    }
    return fewest;
  };
  const plain = bytesPerFind(request => table.find(request), 8);
  assert.ok(plain < 8, `${plain} bytes a look-up`);
  const sample: unknown[] = [null];
  const counted = bytesPerFind(request => (sample[0] = [request]), 0);
  assert.ok(counted >= 16, `the count sees ${counted} bytes where an array is made`);
});
