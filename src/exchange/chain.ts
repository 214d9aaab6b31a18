// The filters of a route as flat arrays, one per hook, and the functions that run them. A hook that no filter has costs nothing.

import { Fault } from '../base/fault.ts';
import type { Exchange } from './exchange.ts';
import type { Filter } from './filter.ts';

export interface Chain {
  readonly filters: readonly Filter[];
  readonly onRequest: readonly Filter[];
  /** The position in `filters` of each filter of `onRequest`. */
  readonly requestPlaces: readonly number[];
  readonly hasRequestBody: boolean;
  /** Last filter first: the response passes back the way the request came. */
  readonly onResponse: readonly Filter[];
  readonly responsePlaces: readonly number[];
  readonly hasEnd: boolean;
}

/** Most filters of one route; a route with more is refused, because ExchangeResponse keeps one bit per slot in one number. */
export const FILTERS_MAX = 30;

export function buildChain(filters: readonly Filter[]): Chain {
  if (filters.length > FILTERS_MAX)
    throw new TypeError(`a route runs at most ${FILTERS_MAX} filters, this one has ${filters.length}`);
  const requestPlaces = placesWith(filters, 'onRequest');
  const responsePlaces = placesWith(filters, 'onResponse').reverse();
  return {
    filters,
    onRequest: requestPlaces.map(place => filters[place]!),
    requestPlaces,
    hasRequestBody: filters.some(filter => filter.onRequestBody !== undefined),
    onResponse: responsePlaces.map(place => filters[place]!),
    responsePlaces,
    hasEnd: filters.some(filter => filter.onEnd !== undefined),
  };
}

function placesWith(filters: readonly Filter[], hook: keyof Filter): number[] {
  return filters.flatMap((filter, place) => (filter[hook] === undefined ? [] : [place]));
}

/** Continues an exchange once a chain has run to its end or to an early reply. */
export type Continuation = (exchange: Exchange) => void;

/** Runs `onRequest` from the `from`th hook on, then `next`. An early reply skips the rest; `next` finds it on the exchange. */
export function runRequestChain(exchange: Exchange, chain: Chain, from: number, next: Continuation): void {
  const { onRequest, requestPlaces } = chain;
  for (let i = from; i < onRequest.length; i++) {
    exchange.entered = requestPlaces[i]! + 1;
    let waits: void | Promise<void> | null = null;
    try {
      waits = onRequest[i]!.onRequest!(exchange);
    } catch (error) {
      failFilter(exchange, error);
    }
    if (exchange.earlyReply !== null) break;
    if (waits) {
      suspend(exchange, waits, () => {
        if (exchange.earlyReply === null) runRequestChain(exchange, chain, i + 1, next);
        else next(exchange);
      });
      return;
    }
  }
  if (exchange.earlyReply === null) exchange.entered = chain.filters.length;
  next(exchange);
}

/** Runs `onResponse` of the filters that were entered, last filter first, then `next`. */
export function runResponseChain(exchange: Exchange, chain: Chain, from: number, next: Continuation): void {
  const { onResponse, responsePlaces } = chain;
  for (let i = from; i < onResponse.length; i++) {
    if (responsePlaces[i]! >= exchange.entered) continue;
    let waits: void | Promise<void> | null = null;
    try {
      waits = onResponse[i]!.onResponse!(exchange);
    } catch (error) {
      failFilter(exchange, error);
      break;
    }
    if (waits) {
      suspend(exchange, waits, () => {
        if (isReplaced(exchange)) next(exchange);
        else runResponseChain(exchange, chain, i + 1, next);
      });
      return;
    }
  }
  next(exchange);
}

/** Whether the upstream's response will not be sent: a filter failed on it, or it was broken off while a filter waited. */
export function isReplaced({ answeredBy, fault }: Exchange): boolean {
  return answeredBy === 'upstream' && fault !== null;
}

/** Tells every filter that was entered that the exchange is over. */
export function runEndHooks(exchange: Exchange, chain: Chain): void {
  const { filters } = chain;
  for (let place = 0; place < exchange.entered; place++) {
    try {
      filters[place]!.onEnd?.(exchange);
    } catch (error) {
      exchange.services.log('error', `filter failed in onEnd: ${stackOf(error)}`);
    }
  }
}

/**
 * Waits for a hook or a store, then calls `resume` unless the exchange has ended or got another response meanwhile: that one makes its own way
 * through the filters. What arrives is held; a rejection is `filter_failed`.
 */
export function suspend(exchange: Exchange, waits: Promise<void>, resume: () => void): void {
  exchange.suspended = true;
  const { services, response } = exchange;
  const { io } = services;
  const goOn = (): void => {
    if (exchange.ended || exchange.response !== response) return;
    io.clock.tick();
    exchange.suspended = false;
    resume();
    io.outbox.flush();
  };
  waits.then(goOn, (error: unknown) => {
    failFilter(exchange, error);
    goOn();
  });
}

/** An error that a filter throws is the gateway's fault: logged in full, and shown to the client only by its code. */
export function failFilter(exchange: Exchange, error: unknown): void {
  exchange.services.log('error', `a filter of route ${exchange.routeName} failed: ${stackOf(error)}`);
  exchange.refuse(new Fault('filter_failed'));
  exchange.fault ??= new Fault('filter_failed');
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
