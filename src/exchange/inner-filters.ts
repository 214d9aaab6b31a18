// Presents the filters inside another filter as one to the rest of the gateway. Which of them decides is up to the outer filter.

import type { Fault } from '../base/fault.ts';
import type { Exchange } from './exchange.ts';
import type { Filter, FilterServices, StrangerDesk, WrittenFilter } from './filter.ts';
import type { RefusalTally } from './identity/refusal-tally.ts';

/** Builds the inner filters. Throws a `TypeError` for one that changes response bodies: it would not know of its neighbours' changes. */
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

/** Combines the filters into one: the credential places of all, `withhold` of all, and `serves` if any of them has it. */
export function combinedIdentityHooks(
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

/** Combines the desks for callers without a credential. `isOptional` is up to the outer filter. */
export function combinedDesk(inner: readonly Filter[], isOptional: boolean): StrangerDesk {
  const desks = inner.flatMap(({ strangers }) => strangers ?? []);
  const open = desks.filter(desk => desk.isOptional);
  return {
    isOptional,
    challenges: desks.flatMap(({ challenges }) => challenges),
    letPass(exchange) {
      for (const desk of open) desk.letPass(exchange);
    },
  };
}

/** Whether the request was refused because it shows no credential, so that a filter whose credential is optional may let it pass. */
export function showsNoCredential({ fault }: { readonly fault: Fault | null }): boolean {
  return fault !== null && fault.code === 'credentials_missing';
}

/** Runs `onResponse` of the first `count` filters, last filter first: the response passes back the way the request came. */
export function respondBack(exchange: Exchange, inner: readonly Filter[], count: number): void | Promise<void> {
  for (let at = count - 1; at >= 0; at--) {
    const waits = inner[at]!.onResponse?.(exchange);
    if (waits) return waits.then(() => respondBack(exchange, inner, at));
  }
}

/** Tells the first `count` filters that the exchange is over. */
export function endEach(exchange: Exchange, inner: readonly Filter[], count: number): void {
  for (let at = 0; at < count; at++) inner[at]!.onEnd?.(exchange);
}
