// A patched table finds the same routes as a rebuilt one, after any sequence of changes; its unused nodes and regexes stay bounded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { listEdits } from '../base/list-edits.ts';
import type { RouteSpec } from './candidate-maker.ts';
import { explainRoutes } from './explain.ts';
import type { MatchSpec } from './match.ts';
import { patchRouteTable } from './patch-route-table.ts';
import { matchSpec, methodNames, routable } from './random-tables.fixture.ts';
import type { Routable } from './routable.ts';
import { needsBody, type RouteTable } from './route-table.ts';
import { RouteTableBuilder } from './route-table-builder.ts';

type Spec = RouteSpec<number>;

/** A table with these routes; null when a route has a problem. */
function built(specs: readonly Spec[]): RouteTable<number> | null {
  const builder = new RouteTableBuilder<number>();
  for (const spec of specs) builder.add(spec);
  const { table, problems } = builder.finish();
  return problems.length === 0 ? table : null;
}

function lookUpAndExplain(table: RouteTable<number>, request: Routable): unknown {
  const found = [...methodNames, 'DELETE'].map(method => {
    const each = table.find({ ...request, method });
    return each === null || each === needsBody ? each : [each.value, each.paramNames, each.rawValues];
  });
  return [found, table.allowedMethods(request), explainRoutes(table, request)];
}

/** The patched table for a change of the routes, as compile/ makes it; null when the table must be rebuilt. */
function patchOf(table: RouteTable<number>, before: readonly Spec[], now: readonly Spec[]): RouteTable<number> | null {
  const edits = listEdits(before, now, 100)!;
  const removed = edits.removed.map(at => before[at]!.match);
  return patchRouteTable(table, { edits, removed, added: edits.added.map(at => now[at]!) });
}

const change = fc.record({
  kind: fc.constantFrom('replace', 'replace', 'add', 'add', 'remove', 'move'),
  at: fc.nat(),
  to: fc.nat(),
  match: matchSpec,
});

test('a patched table is as one that was built anew, over any sequence of changes', () => {
  let patched = 0;
  let regexes = 0;
  let resized = 0;
  fc.assert(
    fc.property(
      fc.array(matchSpec, { minLength: 1, maxLength: 12 }),
      fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 }),
      fc.array(routable, { minLength: 5, maxLength: 10 }),
      (matches, steps, requests) => {
        let value = 0;
        const specOf = (match: MatchSpec): Spec => ({ name: `r${value}`, match, value: value++ });
        // Starts with routes that have no problems, since only such tables are patched.
        let specs: Spec[] = [];
        for (const match of matches) {
          const more = [...specs, specOf(match)];
          if (built(more) !== null) specs = more;
        }
        let table = built(specs);
        for (const step of steps) {
          if (table === null) return;
          const next = [...specs];
          for (const { kind, at, to, match } of step) {
            const place = at % Math.max(1, next.length);
            if (kind === 'add') next.splice(at % (next.length + 1), 0, specOf(match));
            else if (kind === 'replace') next.splice(place, 1, specOf(match));
            else if (kind === 'remove') next.splice(place, 1);
            else next.splice(to % Math.max(1, next.length), 0, ...next.splice(place, 1));
          }
          const before = requests.map(request => lookUpAndExplain(table!, request));
          const patch = patchOf(table, specs, next);
          const anew = built(next);
          // The old table is unchanged, whether or not the patch succeeded.
          assert.deepEqual(
            requests.map(request => lookUpAndExplain(table!, request)),
            before,
          );
          if (anew === null) assert.equal(patch, null);
          if (anew === null) continue;
          if (patch !== null) {
            patched++;
            if (next.some(({ match }, at) => specs[at]?.match !== match && match.path.startsWith('~'))) regexes++;
            if (next.length !== specs.length) resized++;
            for (const request of requests)
              assert.deepEqual(lookUpAndExplain(patch, request), lookUpAndExplain(anew, request));
          }
          specs = next;
          table = patch ?? anew;
        }
      },
    ),
    { numRuns: 1_500, seed: 20_261_121 },
  );
  assert.ok(patched > 500, `only ${patched} tables were patched`);
  assert.ok(regexes > 100, `only ${regexes} of them with new regexes`);
  assert.ok(resized > 200, `only ${resized} of them with another number of routes`);
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
    const patch = patchOf(table, [before, ...specs.slice(1)], [now, ...specs.slice(1)]);
    if (patch === null) anew++;
    table = patch ?? built([now, ...specs.slice(1)])!;
  }
  assert.ok(anew > 2 && anew < 20, `${anew} tables were built anew`);
  assert.ok(table.trie.size < 1_500, `${table.trie.size} nodes`);
});

test('regexes that come and go are swept out at last', () => {
  let specs = [spec(0, '~/first'), ...Array.from({ length: 100 }, (_, i) => spec(i + 1, `/p${i}/*`))];
  let table = built(specs)!;
  let most = 0;
  for (let i = 0; i < 2_000; i++) {
    const next = [spec(0, `~/path-${i}/a+`), ...specs.slice(1)];
    table = patchOf(table, specs, next) ?? built(next)!;
    specs = next;
    most = Math.max(most, table.compiled.size);
  }
  assert.ok(most > 10 && most < 500, `${most} regexes`);
});

test('where no number is left between two routes the table is built anew', () => {
  let specs = [spec(0, '/a'), spec(1, '/b')];
  let table = built(specs)!;
  let anew = 0;
  for (let i = 0; i < 200; i++) {
    const next = [...specs.slice(0, -1), spec(i + 2, `/c${i}`), specs.at(-1)!];
    const patch = patchOf(table, specs, next);
    if (patch === null) anew++;
    table = patch ?? built(next)!;
    specs = next;
  }
  assert.ok(anew > 0 && anew < 10, `${anew} tables were built anew`);
  assert.equal(table.size, specs.length);
  const orders = [...table.orders];
  assert.deepEqual(
    orders,
    orders.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(orders).size, specs.length);
});
