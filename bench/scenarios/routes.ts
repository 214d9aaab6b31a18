// What a large route table costs: requests spread evenly over all routes, with 10 and with 10,000 routes.

import { bodies, bodyHash } from '../backend/bodies.ts';
import { routePathFormat, routePrefix } from '../peer.ts';
import { loadScenario, type Variant } from './load-scenario.ts';

export const routes = loadScenario({
  name: 'routes',
  title: 'Routing: 10,000 routes against 10',
  needs: 'routes',
  variants: [variant(10), variant(10_000)],
});

function variant(count: number): Variant {
  const { bytes } = bodies.small;
  return {
    name: `${count.toLocaleString('en-GB')} routes`,
    setup: { routes: count },
    request: ['spread', count, routePathFormat],
    answer: { path: `${routePrefix(7)}/items/7`, bytes, hash: bodyHash(bytes) },
  };
}
