// A patched table finds what one that was built anew finds, over any sequence of changes; and a large one is patched in no time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RouteSpec } from './candidate-maker.ts';
import { explainRoutes } from './explain.ts';
import type { MatchSpec } from './match.ts';
import { patchRouteTable, type RouteChange } from './patch-route-table.ts';
import { matchSpec, methodNames, routable } from './random-tables.fixture.ts';
import type { Routable } from './routable.ts';
import { needsBody, type RouteTable } from './route-table.ts';
import { RouteTableBuilder } from './route-table-builder.ts';

type Spec = RouteSpec<number>;

/** Null when something is wrong with a route. */
function built(specs: readonly Spec[]): RouteTable<number> | null {
  const builder = new RouteTableBuilder<number>();
  for (const spec of specs) builder.add(spec);
  const { table, problems } = builder.finish();
  return problems.length === 0 ? table : null;
}

function told(table: RouteTable<number>, request: Routable): unknown {
  const found = [...methodNames, 'DELETE'].map(method => {
    const each = table.find({ ...request, method });
    return each === null || each === needsBody ? each : [each.value, each.paramNames, each.paramValues];
  });
  return [found, table.allowedMethods(request), explainRoutes(table, request)];
}

const change = fc.record({ at: fc.nat(), match: matchSpec });

test('a patched table is as one that was built anew, over any sequence of changes', () => {
  let patched = 0;
  fc.assert(
    fc.property(
      fc.array(matchSpec, { minLength: 1, maxLength: 12 }),
      fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 }),
      fc.array(routable, { minLength: 5, maxLength: 10 }),
      (matches, steps, requests) => {
        let value = 0;
        const specOf = (match: MatchSpec): Spec => ({ name: `r${value}`, match, value: value++ });
        // Only what is good is patched.
        let specs: Spec[] = [];
        for (const match of matches) {
          const more = [...specs, specOf(match)];
          if (built(more) !== null) specs = more;
        }
        let table = built(specs);
        for (const step of steps) {
          if (table === null || specs.length === 0) return;
          const next = [...specs];
          for (const { at, match } of step) next[at % specs.length] = specOf(match);
          const changes: RouteChange<number>[] = next.flatMap((now, index) =>
            now === specs[index] ? [] : [{ index, before: specs[index]!, now }],
          );
          const before = requests.map(request => told(table!, request));
          const patch = patchRouteTable(table, changes);
          const anew = built(next);
          // The table that served is as it was, whatever became of the patch.
          assert.deepEqual(
            requests.map(request => told(table!, request)),
            before,
          );
          if (anew === null) assert.equal(patch, null);
          if (anew === null) continue;
          if (patch !== null) {
            patched++;
            for (const request of requests) assert.deepEqual(told(patch, request), told(anew, request));
          }
          specs = next;
          table = patch ?? anew;
        }
      },
    ),
    { numRuns: 3_000, seed: 20_261_121 },
  );
  assert.ok(patched > 1_000, `only ${patched} tables were patched`);
});

const spec = (i: number, path: string): Spec => ({
  name: `r${i}`,
  value: i,
  match: { hosts: [], path, methods: [], headers: [], query: [], cookies: [], body: [] },
});

test('paths that come and go are swept out at last', () => {
  let now = spec(0, '/first');
  const specs = [now, ...Array.from({ length: 100 }, (_, i) => spec(i + 1, `/p${i}/*`))];
  let table = built(specs)!;
  let anew = 0;
  for (let i = 0; i < 2_000; i++) {
    const before = now;
    now = spec(0, `/path-${i}/a/b`);
    const patch = patchRouteTable(table, [{ index: 0, before, now }]);
    if (patch === null) anew++;
    table = patch ?? built([now, ...specs.slice(1)])!;
  }
  assert.ok(anew > 2 && anew < 20, `${anew} tables were built anew`);
  assert.ok(table.trie.size < 1_500, `${table.trie.size} nodes`);
});
