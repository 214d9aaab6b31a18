// What filters that stand inside another one are together, for whoever asks that one. Which of them decides is the outer filter's business.

import type { Exchange } from './exchange.ts';
import type { Filter } from './filter.ts';

/** The places of all, what all would withhold, and what any of them serves itself. */
export function facesOf(inner: readonly Filter[]): Pick<Filter, 'credentialPlaces' | 'withhold' | 'serves'> {
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

/** Runs `onResponse` of the first `count`, the last of them first: an answer passes back the way the request came. */
export function respondBack(exchange: Exchange, inner: readonly Filter[], count: number): void | Promise<void> {
  for (let at = count - 1; at >= 0; at--) {
    const waits = inner[at]!.onResponse?.(exchange);
    if (waits) return waits.then(() => respondBack(exchange, inner, at));
  }
}
