// The anyOf filter: asks identity filters one after the other until one recognises the caller.

import { Fault } from '../../base/fault.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition } from '../../exchange/filter.ts';
import { addFields, takeIdentityFields } from '../../exchange/identity-fields.ts';
import { facesOf, respondBack } from '../../exchange/inner-filters.ts';
import { isStranger } from '../../exchange/login-desk.ts';
import type { RefusalTally } from '../../exchange/refusal-tally.ts';
import type { Reply } from '../../exchange/response.ts';
import type { AnyOfConfig } from './config.ts';

/** What one of the filters answered when it did not let the caller pass. */
interface Refusal {
  readonly by: Filter;
  readonly fault: Fault | null;
  readonly reply: Reply;
  readonly counts: readonly (() => void)[];
  /** The credential is read as one that was good once, as an expired one was; it may be made up all the same. */
  readonly wasGood: boolean;
}

/** Kept for one exchange: who is asked, how many were, and which of them admitted or gave what was asked of it. */
interface Attempt {
  readonly filters: readonly Filter[];
  /** These are asked for what they serve themselves: what they answer is no refusal. */
  readonly serving: boolean;
  asked: number;
  admitted: Filter | null;
  readonly refusals: Refusal[];
  /** What the filter that is asked would count, should none recognise the caller. */
  counts: (() => void)[];
  wasGood: boolean;
  /** Who called by the filters before this one, and what the upstream was told of that. */
  readonly before: Pick<Exchange, 'consumer' | 'identity'> & { readonly fields: readonly string[] };
}

export const anyOfFilter: FilterDefinition<AnyOfConfig> = {
  name: 'anyOf',
  inner: config => config,
  build(config, { slot, tally: outer, inner: build }) {
    // Because: only this filter writes its cell.
    const attemptOf = (exchange: Exchange) => exchange.state[slot] as Attempt | undefined;
    const countIn = (exchange: Exchange, count: () => void, wasGood: boolean): void => {
      if (outer === null) count();
      else outer.note(exchange, count, wasGood);
    };
    const tally: RefusalTally = {
      note(exchange, count, wasGood) {
        const attempt = attemptOf(exchange);
        // Because: what the filter that recognised the caller refuses later, such as a body, is no attempt among several.
        if (attempt === undefined || attempt.admitted !== null) countIn(exchange, count, wasGood);
        else {
          attempt.counts.push(count);
          attempt.wasGood ||= wasGood;
        }
      },
    };
    const inner = config.map(written => build(written, tally));
    for (const [at, { onResponseBody }] of inner.entries()) {
      if (onResponseBody !== undefined)
        throw new TypeError(`${config[at]!.name} changes answers and cannot stand here`);
    }
    const faces = facesOf(inner);
    /** Nobody let the caller pass, or it left before anybody could. */
    const countAll = (exchange: Exchange, { refusals, counts }: Attempt): void => {
      const recognised = refusals.filter(isOfKnownCaller);
      const ended = refusals.filter(({ wasGood }) => wasGood);
      for (const refusal of recognised.length > 0 ? recognised : refusals) {
        if (!refusal.wasGood && ended.some(({ by }) => lookAtTheSame(by, refusal.by))) continue;
        for (const count of refusal.counts) countIn(exchange, count, refusal.wasGood);
      }
      for (const count of counts) countIn(exchange, count, false);
    };

    /** What the others would have kept from the upstream is kept from it also where they had no say. */
    const withholdOthers = (exchange: Exchange, admitting: Filter): void => {
      if (exchange.ended || exchange.earlyReply !== null) return;
      const of = admitting.credentialPlaces ?? [];
      for (const each of inner) if (each !== admitting) each.withhold?.(exchange, of);
    };

    const ask = (exchange: Exchange, attempt: Attempt): void | Promise<void> => {
      while (attempt.asked < attempt.filters.length) {
        const filter = attempt.filters[attempt.asked++]!;
        const waits = filter.onRequest?.(exchange);
        if (waits) {
          return waits.then(() => {
            // Because: whoever leaves before the answer has tried all the same.
            if (exchange.ended) countAll(exchange, attempt);
            else if (!settled(exchange, attempt, filter)) return ask(exchange, attempt);
            else withholdOthers(exchange, filter);
          });
        }
        if (settled(exchange, attempt, filter)) return withholdOthers(exchange, filter);
      }
      countAll(exchange, attempt);
      answer(exchange, attempt.refusals);
    };

    const filter: Filter = {
      ...faces,
      onRequest(exchange) {
        const own = faces.serves?.(exchange) ? inner.filter(filter => filter.serves?.(exchange) === true) : [];
        const attempt: Attempt = {
          filters: own.length > 0 ? own : inner,
          serving: own.length > 0,
          asked: 0,
          admitted: null,
          refusals: [],
          counts: [],
          wasGood: false,
          before: stateOf(exchange),
        };
        exchange.state[slot] = attempt;
        return ask(exchange, attempt);
      },
      onEnd(exchange) {
        const attempt = attemptOf(exchange);
        if (attempt === undefined) return;
        for (let i = 0; i < attempt.asked; i++) attempt.filters[i]!.onEnd?.(exchange);
      },
    };
    if (inner.some(({ onResponse }) => onResponse !== undefined)) {
      // Those that were refused have something for the answer as well, such as the cookie of a session that they have found and renewed.
      filter.onResponse = exchange => {
        const attempt = attemptOf(exchange);
        if (attempt !== undefined) return respondBack(exchange, attempt.filters, attempt.asked);
      };
    }
    if (inner.some(({ onRequestBody }) => onRequestBody !== undefined)) {
      filter.onRequestBody = (exchange, piece, last) =>
        attemptOf(exchange)?.admitted?.onRequestBody?.(exchange, piece, last);
    }
    return filter;
  },
};

/** Whether this filter has decided: it let the caller pass, did what only it is asked for, or nobody is there any more. Takes its refusal away if not. */
function settled(exchange: Exchange, attempt: Attempt, filter: Filter): boolean {
  if (exchange.ended) return true;
  const { earlyReply, fault } = exchange;
  if (earlyReply === null || (attempt.serving && fault === null && earlyReply.status < 400)) {
    attempt.admitted = filter;
    return true;
  }
  attempt.refusals.push({ by: filter, fault, reply: earlyReply, counts: attempt.counts, wasGood: attempt.wasGood });
  attempt.counts = [];
  attempt.wasGood = false;
  exchange.withdrawReply();
  takeIdentityFields(exchange);
  const { consumer, identity, fields } = attempt.before;
  addFields(exchange, fields);
  exchange.consumer = consumer;
  exchange.identity = identity;
  return false;
}

/** Whether both take their credential from one place, and none from another: then it was the same. */
function lookAtTheSame(one: Filter, other: Filter): boolean {
  const [first] = one.credentialPlaces ?? [];
  const others = other.credentialPlaces ?? [];
  if (first === undefined || others.length === 0) return false;
  return [...one.credentialPlaces!, ...others].every(({ kind, name }) => kind === first.kind && name === first.name);
}

function stateOf(exchange: Exchange): Attempt['before'] {
  const { consumer, identity } = exchange;
  const fields = identity === null ? [] : takeIdentityFields(exchange);
  addFields(exchange, fields);
  return { consumer, identity, fields };
}

/** Whether the credential held and does not suffice. A certificate that many show and no rule names is not such. */
function isOfKnownCaller({ fault }: Refusal): boolean {
  return fault?.code === 'access_denied' && !isStranger(fault);
}

/**
 * The refusal that tells most: of a credential that does not suffice; of one that cannot be verified now, and may well be what another
 * way could not read; of one that was good once; of one that did not hold; else a page to log in, else every challenge there is.
 */
function answer(exchange: Exchange, refusals: readonly Refusal[]): void {
  const chosen =
    refusals.find(isOfKnownCaller) ??
    refusals.find(({ fault }) => fault?.code === 'identity_unavailable') ??
    refusals.find(({ wasGood }) => wasGood) ??
    refusals.find(({ fault }) => fault !== null && fault.code !== 'credentials_missing') ??
    refusals.find(({ fault }) => fault === null);
  if (chosen !== undefined) {
    if (chosen.fault === null) exchange.reply(chosen.reply);
    else exchange.refuse(chosen.fault, chosen.reply.headers);
    return;
  }
  const challenges = refusals.flatMap(({ reply }) =>
    Array.from(reply.headers ?? []).filter(([field]) => field.toLowerCase() === 'www-authenticate'),
  );
  exchange.refuse(new Fault('credentials_missing'), challenges);
}
