// Nanoseconds for one pick of each balancer, and for the hash and the random numbers that they use: `node bench/micro/balancers.ts`.

import { hashText } from '../../src/base/hash.ts';
import { Random } from '../../src/base/random.ts';
import { type BalanceName, createBalancer } from '../../src/upstream/balance/balancer.ts';
import { sampleEndpoints } from '../../test/support/sample-endpoints.ts';
import { nanosecondsOf } from './nanoseconds-of.ts';

const CALLS = 2_000_000;

function report(name: string, call: (n: number) => unknown): void {
  console.log(`${name.padEnd(36)}${nanosecondsOf(CALLS, call).toFixed(1).padStart(8)} ns`);
}

const random = new Random(1);
report('loop alone', n => n);
report('Random.unit', () => random.unit());
report('Math.random', () => Math.random());
const users = Array.from({ length: 1024 }, (_, n) => `user-${n.toString().padStart(11, '0')}`);
report('hashText, 16 letters', n => hashText(users[n & 1023]!));

const names: readonly BalanceName[] = ['p2c', 'roundRobin', 'leastRequest', 'peakEwma', 'random', 'ringHash', 'maglev'];
for (const name of names) {
  for (const [what, weights] of [
    ['1 endpoint', [1]],
    ['4 endpoints', [1, 1, 1, 1]],
    ['4 weighted endpoints', [4, 3, 2, 1]],
    ['100 endpoints', new Array<number>(100).fill(1)],
  ] as const) {
    const balancer = createBalancer(name, sampleEndpoints(weights));
    report(`${name}, ${what}`, n => balancer.pick((n * 0x9e3779b1) >>> 0, null));
  }
  const degraded = sampleEndpoints(new Array<number>(10).fill(1));
  for (const endpoint of degraded.slice(0, 3)) endpoint.available = false;
  const balancer = createBalancer(name, degraded);
  report(`${name}, 3 of 10 down`, n => balancer.pick((n * 0x9e3779b1) >>> 0, null));
}
