// Carries out a route's destination: an upstream, a split, a fixed reply, a redirect. What is sent upstream is in attempt.ts.

import { hashText } from '../base/hash.ts';
import { cookieValue } from '../http/cookies.ts';
import { HeaderId } from '../http/header-names.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { forwardTo } from './attempt.ts';
import type { Exchange } from './exchange.ts';
import { userName } from './identity/user-name.ts';
import { answer } from './reply.ts';

/** Makes this hash independent of others: a client with a low hash here must not have a low hash in every other choice. */
const SPLIT_SEED = 17;

/** Carries out the route's destination. */
export function forward(exchange: Exchange): void {
  const { destination, mirror, deferral } = exchange.route!.plan;
  if (mirror !== null) exchange.mirror = mirror.sample(exchange);
  if (deferral !== null) deferral.watch(exchange);
  switch (destination.kind) {
    case 'upstream':
      forwardTo(exchange, destination.upstream);
      return;
    case 'split':
      forwardTo(
        exchange,
        destination.byConsumer
          ? destination.splitter.byHash(hashText(userName(exchange) ?? exchange.client.ip, SPLIT_SEED))
          : chooseTarget(exchange, destination.splitter, destination.stickyCookie),
      );
      return;
    case 'canary': {
      const { upstream, cellsAt } = destination.choice.choose(exchange);
      exchange.versionCellsAt = cellsAt;
      forwardTo(exchange, upstream);
      return;
    }
    case 'answers':
      destination.plan.show(exchange);
      return;
    case 'reply':
      answer(exchange, destination.reply);
      return;
    case 'redirect': {
      const { request } = exchange;
      const location = destination.location.render({
        host: request.host,
        path: request.path,
        query: request.query,
        rawValues: exchange.found!.rawValues,
      });
      answer(exchange, { status: destination.status, headers: [['Location', location]] });
    }
  }
}

/** The target that a sticky client had before; else the next in turn, with the cookie that makes the client stick to it. */
function chooseTarget(
  exchange: Exchange,
  splitter: { next(): Upstream; byKey(key: string): Upstream | undefined; keyOf(upstream: Upstream): string },
  stickyCookie: string | null,
): Upstream {
  if (stickyCookie === null) return splitter.next();
  const key = cookieValue(exchange.request.headers.getById(HeaderId.cookie), stickyCookie);
  const known = key === undefined ? undefined : splitter.byKey(key);
  if (known !== undefined) return known;
  const chosen = splitter.next();
  const secure = exchange.client.scheme === 'https' ? '; Secure' : '';
  exchange.stickyCookie = `${stickyCookie}=${splitter.keyOf(chosen)}; Path=/; HttpOnly; SameSite=Lax${secure}`;
  return chosen;
}
