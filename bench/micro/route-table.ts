// Cost of a look-up in route tables of 10, 1,000 and 10,000 routes, with paths drawn evenly and by Zipf's law, and of building them. Paths
// are new strings each time, as in requests that are read from a buffer. Run: node bench/micro/route-table.ts

import { Headers } from '../../src/http/headers.ts';
import type { MatchSpec } from '../../src/route/match.ts';
import type { Routable } from '../../src/route/routable.ts';
import { needsBody, type RouteTable } from '../../src/route/route-table.ts';
import { RouteTableBuilder } from '../../src/route/route-table-builder.ts';
import { fixedRandom } from './fixed-random.ts';

const requestCount = 20_000;
const rounds = 40;
function matchOf(i: number): MatchSpec {
  const team = `team${i % 100}`;
  const path = [`/api/v1/${team}/service${i}/*`, `/api/v1/${team}/service${i}/items/{id}`, `/static/${team}/page${i}`][
    i % 3
  ]!;
  return { hosts: ['api.example.com'], path, methods: ['GET', 'POST'], headers: [], query: [], cookies: [], body: [] };
}

function pathOf(i: number): string {
  const team = `team${i % 100}`;
  const path = [
    `/api/v1/${team}/service${i}/a/b`,
    `/api/v1/${team}/service${i}/items/4711`,
    `/static/${team}/page${i}`,
  ][i % 3]!;
  return path;
}

function zipf(count: number): number {
  return Math.min(count - 1, Math.floor(count ** fixedRandom()) - 1);
}

interface Built {
  readonly table: RouteTable<number>;
  readonly totalMs: number;
  readonly longestStepMs: number;
}

/** Number of routes between two readings of the clock; the last step also finishes the table. */
const ROUTES_PER_STEP = 100;

function build(count: number): Built {
  const specs = Array.from({ length: count }, (_, i) => ({ name: `r${i}`, match: matchOf(i), value: i }));
  const start = performance.now();
  let longestStepMs = 0;
  let stepStart = start;
  const stepDone = () => {
    const now = performance.now();
    longestStepMs = Math.max(longestStepMs, now - stepStart);
    stepStart = now;
  };
  const builder = new RouteTableBuilder<number>();
  for (const [at, spec] of specs.entries()) {
    builder.add(spec);
    if ((at + 1) % ROUTES_PER_STEP === 0) stepDone();
  }
  const { table } = builder.finish();
  stepDone();
  return { table, totalMs: stepStart - start, longestStepMs };
}

/** Nanoseconds for a look-up and for making the path's string, as the median of the rounds; without a table, for the string alone. */
function measure(table: RouteTable<number> | null, paths: readonly Buffer[]): number {
  const headers = Headers.empty();
  const request: { -readonly [K in keyof Routable]: Routable[K] } = {
    method: 'GET',
    host: 'api.example.com',
    path: '',
    query: '',
    headers,
  };
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint();
    for (const bytes of paths) {
      request.path = bytes.toString('latin1');
      if (table === null) continue;
      const found = table.find(request);
      if (found === null || found === needsBody) throw new Error(`no route for ${request.path}`);
    }
    times.push(Number(process.hrtime.bigint() - start) / paths.length);
  }
  return times.sort((a, b) => a - b)[rounds >> 1]!;
}

console.log(`10000 routes, first build of the process: ${build(10_000).totalMs.toFixed(1)} ms`);
for (let i = 0; i < 3; i++) build(10_000);
for (const count of [10, 1000, 10_000]) {
  const builds = Array.from({ length: 9 }, () => build(count)).sort((a, b) => a.totalMs - b.totalMs);
  const { table, totalMs, longestStepMs } = builds[4]!;
  const figures = (['uniform', 'zipf'] as const).map(draw => {
    const paths = Array.from({ length: requestCount }, () =>
      Buffer.from(pathOf(draw === 'zipf' ? zipf(count) : Math.floor(fixedRandom() * count)), 'latin1'),
    );
    measure(table, paths);
    return `${draw} ${(measure(table, paths) - measure(null, paths)).toFixed(0)} ns`;
  });
  console.log(
    `${count} routes: ${figures.join(', ')}; built in ${totalMs.toFixed(1)} ms, longest step ${longestStepMs.toFixed(2)} ms`,
  );
}
