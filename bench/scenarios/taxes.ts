// What a policy costs compared with a bare route: Cardea against itself, small GET.

import path from 'node:path';
import { bodies, bodyHash } from '../backend/bodies.ts';
import { apiKey, makeToken, writeTokens } from '../backend/tokens.ts';
import { runContest } from '../measure/contest.ts';
import { contestTable } from '../measure/contest-table.ts';
import type { Context, Result, Scenario } from '../scenario.ts';

const known = 1000;
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
];

/** Each policy beside the same request without it, because a longer head costs by itself. */
async function identityTax(context: Context): Promise<Result> {
  const file = path.join(context.folder(), 'tokens.txt');
  writeTokens(file, known);
  const key = ['header', target, 'X-Api-Key', apiKey] as const;
  const token = ['tokens', file, 1, target, 'zipf'] as const;
  const policy = { perMinute: null, cachedTokens: 8192 };
  const keyHeaders = { 'x-api-key': apiKey };
  const tokenHeaders = { authorization: `Bearer ${makeToken(0)}` };
  const contestants = context.peers.flatMap(peer => [
    { label: `${peer.name}, key not looked at`, peer, request: key, answer },
    {
      label: `${peer.name} apiKey`,
      peer,
      setup: { policy: { ...policy, kind: 'apiKey' } } as const,
      request: key,
      answer: { ...answer, headers: keyHeaders },
    },
    { label: `${peer.name}, token not looked at`, peer, request: token, answer },
    {
      label: `${peer.name} jwt`,
      peer,
      setup: { policy: { ...policy, kind: 'jwt' } } as const,
      request: token,
      answer: { ...answer, headers: tokenHeaders },
    },
  ]);
  const { samples, rows, failures } = await runContest(context, contestants);
  const comparisons = contestants.map(({ label }, i) => ({ label, against: [contestants[i - (i % 2)]!.label] }));
  return { table: contestTable(samples, ['of own bare (95 %)'], comparisons), rows, failures };
}

async function limitTax(context: Context): Promise<Result> {
  const policy = { kind: 'rateLimit', perMinute: 10_000_000, cachedTokens: 0 } as const;
  const request = ['get', target] as const;
  const contestants = context.peers.flatMap(peer => [
    { label: peer.name, peer, request, answer },
    { label: `${peer.name} rateLimit`, peer, setup: { policy }, request, answer },
  ]);
  const { samples, rows, failures } = await runContest(context, contestants);
  const comparisons = contestants.map(({ label }, i) => ({ label, against: [contestants[i - (i % 2)]!.label] }));
  return { table: contestTable(samples, ['of own bare (95 %)'], comparisons), rows, failures };
}
