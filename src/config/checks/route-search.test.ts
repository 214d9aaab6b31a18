// The result for a list does not depend on the list that was examined before it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bareMatch, bareRoute, isBare } from '../bare-route.ts';
import { RouteSearch } from './route-search.ts';

const bare = Array.from({ length: 6 }, (_, i) => bareRoute(`bare-${i}`, bareMatch([], `/${i}`, []), 'u'));
const others = Array.from({ length: 6 }, (_, i) => ({ ...bare[0]!, name: `more-${i}`, priority: i }));
const list = fc.uniqueArray(fc.constantFrom(...bare, ...others, undefined));
const search = new RouteSearch(route => !isBare(route));

test('the same routes are found, whatever list was looked at before', () => {
  fc.assert(
    fc.property(fc.array(list, { minLength: 1, maxLength: 5 }), lists => {
      for (const routes of lists) {
        assert.deepEqual(
          search.placesIn(routes),
          [...routes.keys()].filter(at => routes[at] !== undefined && !isBare(routes[at])),
        );
      }
    }),
    { numRuns: 1_000, seed: 20_261_121 },
  );
});
