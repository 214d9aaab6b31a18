// Every filter of the first release on every request: request id, a deny list, a body limit, CORS, four header changes, and compression
// that never applies, because the client accepts none. The peers do the same with their own directives.

import { bodies, bodyHash } from '../backend/bodies.ts';
import { loadScenario } from './load-scenario.ts';

const { path, bytes } = bodies.small;
const load = { request: ['page', path], answer: { path, bytes, hash: bodyHash(bytes) } } as const;

export const filters = loadScenario({
  name: 'filters',
  title: 'All filters against none',
  needs: 'filters',
  variants: [
    { ...load, name: 'plain' },
    { ...load, name: 'all filters', setup: { filters: true } },
  ],
});
