// The filters inside another one, as one to the rest of the gateway. Which of them decides is up to the outer filter.

import type { Exchange } from './exchange.ts';
import type { Filter, FilterServices, WrittenFilter } from './filter.ts';
import type { RefusalTally } from './refusal-tally.ts';

/** Builds them. Throws a `TypeError` for one that changes responses: it would not know of those of its neighbours. */
export function buildInner(
  written: readonly WrittenFilter[],
  build: FilterServices['inner'],
  tally?: RefusalTally,
): readonly Filter[] {
  return written.map(each => {
    const filter = build(each, tally);
    if (filter.onResponseBody !== undefined)
      throw new TypeError(`${each.name} changes responses and cannot be used here`);
    return filter;
  });
}

/** The places of all, what all would withhold, and what any of them serves itself. */
export function facesOf(
  inner: readonly Filter[],
): Required<Pick<Filter, 'credentialPlaces' | 'withhold'>> & Pick<Filter, 'serves'> {
  return {
    credentialPlaces: inner.flatMap(({ credentialPlaces = [] }) => credentialPlaces),
    withhold(exchange, of) {
      for (const each of inner) each.withhold?.(exchange, of);
    },
    ...(inner.some(({ serves }) => serves !== undefined) && {
      serves: (exchange: Exchange) => inner.some(each => each.serves?.(exchange) === true),
    }),
  };
}

/** Runs `onResponse` of the first `count`, the last of them first: a response passes back the way the request came. */
export function respondBack(exchange: Exchange, inner: readonly Filter[], count: number): void | Promise<void> {
  for (let at = count - 1; at >= 0; at--) {
    const waits = inner[at]!.onResponse?.(exchange);
    if (waits) return waits.then(() => respondBack(exchange, inner, at));
  }
}

/** Tells the first `count` that the exchange is over. */
export function endEach(exchange: Exchange, inner: readonly Filter[], count: number): void {
  for (let at = 0; at < count; at++) inner[at]!.onEnd?.(exchange);
}
