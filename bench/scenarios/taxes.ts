// What a policy costs compared with a bare route: Cardea against itself, small GET.

import path from 'node:path';
import { besideNeighbours } from '../../test/chaos/paired-ratios.ts';
import { bodies, bodyHash } from '../backend/bodies.ts';
import { apiKey, makeToken, writeTokens } from '../backend/tokens.ts';
import type { LoadRequest } from '../load/load.ts';
import { type Contestant, runContest } from '../measure/contest.ts';
import { contestTable, roundRatio } from '../measure/contest-table.ts';
import { costUs, type Sample } from '../measure/sample.ts';
import { median, quantile } from '../measure/statistics.ts';
import type { Policy } from '../peer.ts';
import type { Context, Result, Scenario } from '../scenario.ts';
import { paced } from './load-scenario.ts';

const known = 1000;
/** The least number of rounds. */
const roundsMin = 21;
const { path: target, bytes } = bodies.small;
const answer = { path: target, bytes, hash: bodyHash(bytes) };

export const taxes: readonly Scenario[] = [
  {
    name: 'identity-tax',
    title: 'Who calls: an API key, and a known RS256 token, against the bare route',
    needs: 'taxes',
    run: identityTax,
  },
  {
    name: 'limit-tax',
    title: 'How often: a limit by address against the bare route',
    needs: 'taxes',
    run: limitTax,
  },
  {
    name: 'limit-keys',
    title: 'How many: a limit by tenant with one tenant and with a million, against the bare route',
    needs: 'taxes',
    run: limitKeys,
  },
];

/** Each policy beside the same request without it, because a longer head costs by itself. */
async function identityTax(context: Context): Promise<Result> {
  const file = path.join(context.folder(), 'tokens.txt');
  writeTokens(file, known);
  const policy = { perMinute: null, cachedTokens: 8192 };
  return tax(context, [
    {
      bare: ', key not looked at',
      guarded: ' apiKey',
      policy: { ...policy, kind: 'apiKey' },
      request: ['header', target, 'X-Api-Key', apiKey],
      headers: { 'x-api-key': apiKey },
    },
    {
      bare: ', token not looked at',
      guarded: ' jwt',
      policy: { ...policy, kind: 'jwt' },
      request: ['tokens', file, 1, target, 'zipf'],
      headers: { authorization: `Bearer ${makeToken(0)}` },
    },
  ]);
}

function limitTax(context: Context): Promise<Result> {
  const policy = { kind: 'rateLimit', perMinute: 10_000_000, cachedTokens: 0 } as const;
  return tax(context, [{ bare: '', guarded: ' rateLimit', policy, request: ['get', target], headers: {} }]);
}

/** A million tenants all fit into the limit's memory, and are all in it before the rounds begin. */
function limitKeys(context: Context): Promise<Result> {
  const policy = { kind: 'tenantLimit', perMinute: 10_000_000, cachedTokens: 0 } as const;
  const headers = { 'x-tenant': 'tenant-0000000' };
  return tax(
    context,
    [1, 1_000_000].map((count): Taxed => {
      const words = count === 1 ? 'one tenant' : 'a million tenants';
      const request = ['tenants', target, count] as const;
      return {
        bare: `, ${words} not looked at`,
        guarded: ` limit, ${words}`,
        policy,
        request,
        headers,
        warmupSeconds: count === 1 ? 0 : 30,
      };
    }),
  );
}

interface Taxed {
  /** What is added to the peer's name for the route without and with the policy. */
  readonly bare: string;
  readonly guarded: string;
  readonly policy: Policy;
  readonly request: LoadRequest;
  readonly headers: Readonly<Record<string, string>>;
  readonly warmupSeconds?: number;
}

/**
 * The bare route and the guarded one are of one process: two processes of the same program differ by up to 4 % here, which is as much as
 * what is measured. Rounds are short, and each is held against the bare rounds before and after it.
 */
async function tax(context: Context, taxed: readonly Taxed[]): Promise<Result> {
  const contestants = context.peers.flatMap(peer =>
    taxed.flatMap(({ bare, guarded, policy, request, headers, warmupSeconds = 0 }): Contestant[] => {
      const plain = { peer, setup: { policy, bareBeside: true }, request, answer: { ...answer, headers } };
      const label = `${peer.name}${bare}`;
      return [
        { ...plain, label, bare: true },
        { ...plain, label: `${peer.name}${guarded}`, shares: label, warmupSeconds },
      ];
    }),
  );
  const { samples, rows, failures } = await runContest(paced(context, roundsMin), contestants);
  const comparisons = contestants.map(({ label, shares }) => ({
    label,
    against: shares === undefined ? [''] : [shares],
  }));
  const table = contestTable(samples, ['of own bare (95 %)'], comparisons, roundRatio);
  return { table: { ...table, notes: [...table.notes, ...differences(samples, contestants)] }, rows, failures };
}

/** The cost of each policy in microseconds, of which a ratio tells little: the median over the rounds, and the middle half of them. */
function differences(samples: ReadonlyMap<string, readonly Sample[]>, contestants: readonly Contestant[]): string[] {
  return contestants.flatMap(({ label, shares }) => {
    const costs = samples.get(label)?.map(costUs) ?? [];
    const base = samples.get(shares ?? '')?.map(costUs) ?? [];
    if (base.length === 0 || costs.length < 2) return [];
    const added = besideNeighbours(base, costs.slice(0, -1), (cost, bare) => cost - bare);
    const [low, high] = [quantile(added, 0.25).toFixed(2), quantile(added, 0.75).toFixed(2)];
    return [`${label}: ${median(added).toFixed(2)} µs over the bare route, in half of the rounds ${low} to ${high}.`];
  });
}
