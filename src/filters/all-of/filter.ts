// The allOf filter: every inner identity filter must admit the caller, and all must name the same consumer.

import { Fault } from '../../base/fault.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition } from '../../exchange/filter.ts';
import type { Consumer, Identity } from '../../exchange/identity/consumer.ts';
import {
  addFields,
  dropCallerFields,
  mergeFields,
  takeIdentityFields,
} from '../../exchange/identity/identity-fields.ts';
import {
  buildInner,
  combinedDesk,
  combinedIdentityHooks,
  endEach,
  respondBack,
  showsNoCredential,
} from '../../exchange/inner-filters.ts';
import type { HeadersMark } from '../../http/headers.ts';
import type { AllOfConfig } from './config.ts';

const differ = new Fault('access_denied', 'The credentials belong to different callers.');
const missing = new Fault('credentials_missing');

/** The state of one exchange: what the inner filters have found so far. */
interface Gathered {
  asked: number;
  /** How many of them admitted the caller: the others need no credential, and have seen none. */
  admitted: number;
  identity: Identity | null;
  consumer: Consumer | null;
  /** Identity fields for the upstream: those of the first filter, plus those of later filters that are not among them yet. */
  readonly fields: string[];
  /** What external services before this filter have said. */
  readonly fieldsBefore: readonly string[];
  /** The caller whom filters before this one have identified, and the fields that tell of him. */
  readonly before: Pick<Exchange, 'consumer' | 'identity'> & { readonly fields: readonly string[] };
  /** The request's fields on arrival at this filter: filters that admit the caller may remove their credentials from the request. */
  readonly headersBefore: HeadersMark;
  readonly queryBefore: string;
  readonly hadQuery: boolean;
}

export const allOfFilter: FilterDefinition<AllOfConfig> = {
  name: 'allOf',
  inner: config => config,
  build(config, { slot, isInner, inner: build }) {
    const inner = buildInner(config, build);
    const strangers = combinedDesk(
      inner,
      inner.every(each => each.strangers?.isOptional === true),
    );
    const bodyFilters = inner.filter(({ onRequestBody }) => onRequestBody !== undefined);
    if (bodyFilters.length > 1) throw new TypeError('only one of the filters in allOf may look at the body');

    const ask = (exchange: Exchange, gathered: Gathered): void | Promise<void> => {
      while (gathered.asked < inner.length) {
        exchange.identity = null;
        exchange.consumer = null;
        const filter = inner[gathered.asked++]!;
        const waits = filter.onRequest?.(exchange);
        if (waits) return waits.then(() => (goesOn(exchange, gathered, filter) ? ask(exchange, gathered) : undefined));
        if (!goesOn(exchange, gathered, filter)) return;
      }
      if (gathered.admitted === 0) {
        passUnchanged(exchange, gathered);
        if (isInner) exchange.refuse(missing, strangers.challenges);
        else strangers.letPass(exchange);
        return;
      }
      exchange.identity = gathered.identity;
      exchange.consumer = gathered.consumer;
      mergeFields(gathered.fields, gathered.fieldsBefore);
      addFields(exchange, gathered.fields);
    };

    // Because: only this filter writes its cell.
    const askedOf = (exchange: Exchange) => (exchange.state[slot] as Gathered | undefined)?.asked ?? 0;

    const filter: Filter = {
      ...combinedIdentityHooks(inner),
      strangers,
      onRequest(exchange) {
        const { headers, query: queryBefore, hasQuery: hadQuery } = exchange.request;
        const headersBefore = headers.mark();
        const { consumer, identity } = exchange;
        const before = { consumer, identity, fields: dropCallerFields(exchange) };
        const fieldsBefore = takeIdentityFields(exchange);
        const found = { asked: 0, admitted: 0, identity: null, consumer: null, fields: [] };
        const gathered: Gathered = { ...found, before, fieldsBefore, headersBefore, queryBefore, hadQuery };
        exchange.state[slot] = gathered;
        return ask(exchange, gathered);
      },
      onEnd(exchange) {
        endEach(exchange, inner, askedOf(exchange));
      },
    };
    if (inner.some(({ onResponse }) => onResponse !== undefined))
      filter.onResponse = exchange => respondBack(exchange, inner, askedOf(exchange));
    const [bodyFilter] = bodyFilters;
    if (bodyFilter !== undefined) {
      filter.onRequestBody = (exchange, piece, last) => bodyFilter.onRequestBody?.(exchange, piece, last);
    }
    return filter;
  },
};

/** No filter has seen a credential: the caller is whom filters before this one have identified, if anybody. */
function passUnchanged(exchange: Exchange, { before, fieldsBefore }: Gathered): void {
  exchange.consumer = before.consumer;
  exchange.identity = before.identity;
  addFields(exchange, before.fields);
  addFields(exchange, fieldsBefore);
}

/**
 * As `gather`, but a missing credential is nothing where it is optional. If a filter refused the caller, restores the request, so that the
 * next filter of an enclosing anyOf finds it unchanged.
 */
function goesOn(exchange: Exchange, gathered: Gathered, { strangers }: Filter): boolean {
  if (!exchange.ended && strangers?.isOptional === true && showsNoCredential(exchange)) {
    exchange.withdrawReply();
    return true;
  }
  if (gather(exchange, gathered)) {
    gathered.admitted++;
    return true;
  }
  if (!exchange.ended) {
    exchange.request.headers.restore(gathered.headersBefore);
    exchange.request.query = gathered.queryBefore;
    exchange.request.hasQuery = gathered.hadQuery;
  }
  return false;
}

/** Adds what the last filter found; false when the remaining filters must not run. */
function gather(exchange: Exchange, gathered: Gathered): boolean {
  if (exchange.ended || exchange.earlyReply !== null) return false;
  const { identity, consumer } = exchange;
  if (consumer !== null && gathered.consumer !== null && consumer.name !== gathered.consumer.name) {
    exchange.refuse(differ);
    return false;
  }
  gathered.consumer ??= consumer;
  mergeFields(gathered.fields, takeIdentityFields(exchange));
  const before = gathered.identity;
  if (before === null) gathered.identity = identity;
  else if (identity !== null) {
    gathered.identity = {
      ...before,
      scopes: [...new Set([...before.scopes, ...identity.scopes])],
      claims: before.claims ?? identity.claims,
    };
  }
  return true;
}
