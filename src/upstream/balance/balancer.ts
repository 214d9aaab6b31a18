// The strategies by their names in the configuration. How each picks is in its own file.

import { Random } from '../../base/random.ts';
import type { Balanced, Balancer } from './balanced.ts';
import { LeastRequest } from './least-request.ts';
import { Maglev } from './maglev.ts';
import { PowerOfTwoChoices } from './power-of-two-choices.ts';
import { RandomChoice } from './random-choice.ts';
import { RingHash } from './ring-hash.ts';
import { RoundRobin } from './round-robin.ts';
import { SingleEndpoint } from './single-endpoint.ts';

export type { Balanced, Balancer } from './balanced.ts';

/** See `BalanceName` in src/config/config.ts, to which this is structurally equal. */
export type BalanceName = 'p2c' | 'roundRobin' | 'leastRequest' | 'random' | 'ringHash' | 'maglev';

/** A balancer over these endpoints; those of weight 0 are left out. `random` is for tests that repeat. */
export function createBalancer<E extends Balanced>(
  name: BalanceName,
  endpoints: readonly E[],
  random: Random = new Random(),
): Balancer<E> {
  const weighed = endpoints.filter(({ weight }) => weight > 0);
  if (weighed.length <= 1) return new SingleEndpoint(weighed[0]);
  switch (name) {
    case 'p2c':
      return new PowerOfTwoChoices(weighed, random);
    case 'roundRobin':
      return new RoundRobin(weighed);
    case 'leastRequest':
      return new LeastRequest(weighed, random);
    case 'random':
      return new RandomChoice(weighed, random);
    case 'ringHash':
      return new RingHash(weighed);
    case 'maglev':
      return new Maglev(weighed);
  }
}
