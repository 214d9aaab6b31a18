// What a gateway is used for, all at once: RS256 tokens, a limit for each subject, 10,000 routes, metrics and a JSON log. Once with 1,000
// tokens that return by Zipf's law, and once with a new token for every request.

import path from 'node:path';
import { bodies, bodyHash } from '../backend/bodies.ts';
import { forgedToken, makeToken, writeTokens } from '../backend/tokens.ts';
import { ask } from '../measure/ask.ts';
import { type Contestant, runContest, setupOf } from '../measure/contest.ts';
import { contestTable } from '../measure/contest-table.ts';
import { shortMessage } from '../measure/short-message.ts';
import { type Peer, type Policy, routePathFormat, routePrefix } from '../peer.ts';
import type { Context, Result, Scenario } from '../scenario.ts';

const routes = 10_000;
const knownTokens = 1000;
const newTokens = 4000;
/** Tokens in the large cache, which has room for all known ones, and in the small one, which drops each new token before it returns. */
const cacheLarge = 8192;
const cacheSmall = 64;
/** A limit that is counted but never reached. */
const perMinute = 10_000_000;

export const fullPolicy: Scenario = {
  name: 'full-policy',
  title: 'Full policy: RS256 tokens, a limit by subject, 10,000 routes, metrics and JSON log',
  needs: 'policy',
  run,
};

type Kind = 'known tokens' | 'without token cache' | 'new tokens';

async function run(context: Context): Promise<Result> {
  const folder = context.folder();
  const files = { known: path.join(folder, 'known.txt'), fresh: path.join(folder, 'new.txt') };
  writeTokens(files.known, knownTokens);
  writeTokens(files.fresh, newTokens);
  const { bytes } = bodies.small;
  const answer = {
    path: `${routePrefix(7)}/items/7`,
    bytes,
    hash: bodyHash(bytes),
    headers: { authorization: `Bearer ${makeToken(0)}` },
  };
  const contestant = (peer: Peer, kind: Kind): Contestant => {
    const fresh = kind === 'new tokens';
    const cachedTokens = kind === 'known tokens' ? cacheLarge : fresh ? cacheSmall : 0;
    const policy: Policy = { kind: 'jwt', perMinute, cachedTokens };
    const file = fresh ? files.fresh : files.known;
    const request = ['tokens', file, routes, routePathFormat, fresh ? 'turn' : 'zipf'] as const;
    return { label: labelOf(peer, kind), peer, setup: { routes, policy }, request, answer };
  };
  const failures: string[] = [];
  const contestants: Contestant[] = [];
  for (const peer of context.peers) {
    try {
      await checkRefusals(context, peer);
      contestants.push(contestant(peer, 'known tokens'), contestant(peer, 'new tokens'));
      if (peer.name === 'nginx') contestants.push(contestant(peer, 'without token cache'));
    } catch (error) {
      failures.push(`${peer.name}: ${shortMessage(error)}`);
      context.say(failures.at(-1)!);
    }
  }
  const result = await runContest(context, contestants);
  const comparisons = (['known tokens', 'without token cache', 'new tokens'] as const).flatMap(kind =>
    contestants
      .filter(({ label, peer }) => label === labelOf(peer, kind))
      .map(({ label }) => ({ label, against: [`nginx + Lua, ${kind}`, `haproxy, ${kind}`] })),
  );
  const { columns, rows, notes } = contestTable(result.samples, ['of nginx + Lua (95 %)', 'of HAProxy'], comparisons);
  const explained = [
    `Known: ${knownTokens} tokens by Zipf’s law. New: ${newTokens} tokens in turn, before caches that hold ${cacheSmall}, so that each is new to them. HAProxy has no cache of tokens.`,
    'Before the measurement each showed that a forged, a broken and an expired token and none at all get 401, and that the limit gives 429 to its subject alone.',
    'HAProxy’s log goes to a ring in memory, the others’ to a file through a buffer.',
    ...notes,
  ];
  return {
    table: { columns, rows, notes: explained },
    rows: result.rows,
    failures: [...failures, ...result.failures],
  };
}

function labelOf({ name }: Peer, kind: Kind): string {
  return `${name === 'nginx' ? 'nginx + Lua' : name}, ${kind}`;
}

/**
 * A peer that lets through what it should refuse would win. So each has to show that it refuses, in the same configuration but for a limit
 * of 3 and 10 routes.
 */
async function checkRefusals(context: Context, peer: Peer): Promise<void> {
  const policy: Policy = { kind: 'jwt', perMinute: 3, cachedTokens: cacheLarge };
  // A fixed window of a minute may end between two requests: then the requests after it show the limit.
  const tries = 8;
  const proxy = await peer.start(setupOf(context, { routes: 10, policy }));
  const statusOf = async (authorization: string | null): Promise<number> => {
    const headers: Record<string, string> = authorization === null ? {} : { authorization };
    return (await ask({ port: proxy.port, path: `${routePrefix(7)}/items/7`, headers })).status;
  };
  try {
    const good = makeToken(1);
    const refused = {
      none: null,
      forged: `Bearer ${forgedToken(1)}`,
      broken: `Bearer ${good.slice(0, -8)}AAAAAAAA`,
      expired: `Bearer ${makeToken(1, undefined, -3600)}`,
    };
    for (const [name, authorization] of Object.entries(refused)) {
      const status = await statusOf(authorization);
      if (status !== 401) throw new Error(`a token that is ${name} gets ${status} instead of 401`);
    }
    const statuses: number[] = [];
    for (let i = 0; i < tries; i++) statuses.push(await statusOf(`Bearer ${good}`));
    if (statuses[0] !== 200 || statuses.at(-1) !== 429) {
      throw new Error(`with a limit of 3 a minute, ${tries} requests got ${statuses.join(' ')}`);
    }
    const other = await statusOf(`Bearer ${makeToken(2)}`);
    if (other !== 200) throw new Error(`the limit of one subject gave another ${other}`);
  } finally {
    await proxy.stop();
  }
}
