// What the guards of an upstream cost: health checks, outlier detection, circuit breaker, retry budget and admission, all on, against none
// of them. Cardea against itself, round by round.

import { bodies, bodyHash } from '../backend/bodies.ts';
import { loadScenario } from './load-scenario.ts';

const { path, bytes } = bodies.small;
const load = { request: ['page', path], answer: { path, bytes, hash: bodyHash(bytes) } } as const;

export const resilience = loadScenario({
  name: 'resilience',
  title: 'Guarded upstreams against plain ones',
  needs: 'resilience',
  // The question is whether the guards cost 3 %.
  shortRounds: 44,
  variants: [
    { ...load, name: 'plain' },
    { ...load, name: 'guarded', setup: { resilience: true } },
  ],
});
