// Creates a balancer by the name of its strategy in the configuration. Each strategy is in its own file.

import { Random } from '../../base/random.ts';
import { BackupLast } from './backup-last.ts';
import type { Balanced, Balancer } from './balanced.ts';
import { LeastRequest } from './least-request.ts';
import { Maglev } from './maglev.ts';
import { PeakEwma } from './peak-ewma.ts';
import { PowerOfTwoChoices } from './power-of-two-choices.ts';
import { RandomChoice } from './random-choice.ts';
import { RingHash } from './ring-hash.ts';
import { RoundRobin } from './round-robin.ts';
import { SingleEndpoint } from './single-endpoint.ts';
import { SubsetFirst, subsetOf } from './subset.ts';
import { ZonePreference } from './zone-preference.ts';

export type { Balanced, Balancer } from './balanced.ts';

/** See `BalanceName` in src/config/config.ts, to which this is structurally equal. */
export type BalanceName = 'p2c' | 'roundRobin' | 'leastRequest' | 'peakEwma' | 'random' | 'ringHash' | 'maglev';

/** What a balancer knows besides its endpoints. */
export interface BalanceSettings {
  /** The zone of this gateway; empty to prefer no zone. */
  readonly zone: string;
  /** Number of endpoints that this gateway uses of a large set; 0 for all. */
  readonly subset: number;
  /** Distinguishes this gateway from others, for `subset`. */
  readonly instance: string;
  /** The clock by which `latency` is measured, in milliseconds. */
  readonly now: () => number;
}

const plain: BalanceSettings = { zone: '', subset: 0, instance: '', now: () => 0 };

/** Creates a balancer over these endpoints; those of weight 0 are left out. `random` lets tests be repeatable. */
export function createBalancer<E extends Balanced>(
  name: BalanceName,
  endpoints: readonly E[],
  random: Random = new Random(),
  settings: BalanceSettings = plain,
): Balancer<E> {
  const weighed = endpoints.filter(({ weight }) => weight > 0);
  const backups = weighed.filter(({ backup }) => backup === true);
  if (backups.length === 0 || backups.length === weighed.length) return ofLevel(name, weighed, random, settings);
  const others = weighed.filter(({ backup }) => backup !== true);
  return new BackupLast(ofLevel(name, others, random, settings), ofLevel(name, backups, random, settings));
}

function ofLevel<E extends Balanced>(
  name: BalanceName,
  weighed: readonly E[],
  random: Random,
  settings: BalanceSettings,
): Balancer<E> {
  // Hashing ignores zones and subsets: a key must belong to the same endpoint on every gateway.
  if (name === 'ringHash' || name === 'maglev') return strategy(name, weighed, random, settings);
  const near = settings.zone === '' ? weighed : weighed.filter(({ zone }) => zone === settings.zone);
  if (near.length === 0 || near.length === weighed.length) return partOf(name, weighed, random, settings);
  const far = weighed.filter(({ zone }) => zone !== settings.zone);
  const [ofNear, ofFar] = [partOf(name, near, random, settings), partOf(name, far, random, settings)];
  return new ZonePreference(ofNear, ofFar, near, random);
}

function partOf<E extends Balanced>(
  name: BalanceName,
  endpoints: readonly E[],
  random: Random,
  settings: BalanceSettings,
): Balancer<E> {
  const part = subsetOf(endpoints, settings.subset, settings.instance);
  const whole = strategy(name, endpoints, random, settings);
  return part.length === endpoints.length ? whole : new SubsetFirst(strategy(name, part, random, settings), whole);
}

function strategy<E extends Balanced>(
  name: BalanceName,
  weighed: readonly E[],
  random: Random,
  { now }: BalanceSettings,
): Balancer<E> {
  if (weighed.length <= 1) return new SingleEndpoint(weighed[0]);
  switch (name) {
    case 'p2c':
      return new PowerOfTwoChoices(weighed, random);
    case 'roundRobin':
      return new RoundRobin(weighed);
    case 'leastRequest':
      return new LeastRequest(weighed, random);
    case 'peakEwma':
      return new PeakEwma(weighed, random, now);
    case 'random':
      return new RandomChoice(weighed, random);
    case 'ringHash':
      return new RingHash(weighed);
    case 'maglev':
      return new Maglev(weighed);
  }
}
