// The anyOf filter: asks identity filters one after the other until one recognises the caller. refusals.ts decides what becomes of their
// refusals.

import type { CredentialPlace } from '../../base/schema/credential-places.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, FilterServices, StrangerDesk } from '../../exchange/filter.ts';
import { addFields, takeIdentityFields } from '../../exchange/identity/identity-fields.ts';
import type { RefusalTally } from '../../exchange/identity/refusal-tally.ts';
import {
  buildInner,
  combinedDesk,
  combinedIdentityHooks,
  endEach,
  respondBack,
  showsNoCredential,
} from '../../exchange/inner-filters.ts';
import type { AnyOfConfig } from './config.ts';
import { answerWith, countedOf, type Refusal } from './refusals.ts';

/**
 * The state of one exchange: which filters are asked, how many were, and which of them admitted the caller or served the request itself.
 */
interface Attempt {
  readonly filters: readonly Filter[];
  /** The request is for a path that these filters serve themselves, such as a login's callback: their response is not a refusal. */
  readonly serving: boolean;
  asked: number;
  admitted: Filter | null;
  readonly refusals: Refusal[];
  /** What the filter being asked would count as failures if no filter recognised the caller. */
  counts: (() => void)[];
  wasValid: boolean;
  /** The identity, consumer and identity fields that filters before this one have set. */
  readonly before: Pick<Exchange, 'consumer' | 'identity'> & { readonly fields: readonly string[] };
}

export const anyOfFilter: FilterDefinition<AnyOfConfig> = {
  name: 'anyOf',
  inner: config => config,
  build: (config, services) => new AnyOf(config, services),
};

class AnyOf implements Filter, RefusalTally {
  readonly strangers: StrangerDesk;
  readonly credentialPlaces: readonly CredentialPlace[];
  readonly withhold: (exchange: Exchange, of: readonly CredentialPlace[]) => void;
  readonly serves?: (exchange: Exchange) => boolean;
  readonly onResponse?: (exchange: Exchange) => void | Promise<void>;
  readonly onRequestBody?: NonNullable<Filter['onRequestBody']>;
  private readonly slot: number;
  /** Whether a caller without any credential passes here. Inside another filter, that one decides. */
  private readonly letsStrangersPass: boolean;
  /** Where this filter itself reports refusals when it is inside another one; null when it counts them at once. */
  private readonly outer: RefusalTally | null;
  private readonly inner: readonly Filter[];

  constructor(config: AnyOfConfig, { slot, tally, isInner, inner: build }: FilterServices) {
    this.slot = slot;
    this.outer = tally;
    this.inner = buildInner(config, build, this);
    // Because: one alternative that asks for nothing asks for nothing as a whole.
    this.strangers = combinedDesk(
      this.inner,
      this.inner.some(({ strangers }) => strangers?.isOptional === true),
    );
    this.letsStrangersPass = this.strangers.isOptional && !isInner;
    const { credentialPlaces, withhold, serves } = combinedIdentityHooks(this.inner);
    this.credentialPlaces = credentialPlaces;
    this.withhold = withhold;
    if (serves !== undefined) this.serves = serves;
    // Because: a hook that exists is called for every exchange.
    if (this.inner.some(({ onResponse }) => onResponse !== undefined))
      this.onResponse = exchange => this.respond(exchange);
    if (this.inner.some(({ onRequestBody }) => onRequestBody !== undefined))
      this.onRequestBody = (exchange, piece, last) =>
        this.attemptOf(exchange)?.admitted?.onRequestBody?.(exchange, piece, last);
  }

  onRequest(exchange: Exchange): void | Promise<void> {
    const own = this.serves?.(exchange) ? this.inner.filter(each => each.serves?.(exchange) === true) : [];
    const attempt: Attempt = {
      filters: own.length > 0 ? own : this.inner,
      serving: own.length > 0,
      asked: 0,
      admitted: null,
      refusals: [],
      counts: [],
      wasValid: false,
      before: stateOf(exchange),
    };
    exchange.state[this.slot] = attempt;
    return this.ask(exchange, attempt);
  }

  onEnd(exchange: Exchange): void {
    const attempt = this.attemptOf(exchange);
    if (attempt !== undefined) endEach(exchange, attempt.filters, attempt.asked);
  }

  note(exchange: Exchange, count: () => void, wasValid: boolean): void {
    const attempt = this.attemptOf(exchange);
    // Because: a later refusal by the filter that recognised the caller, such as that of a body, is not one of several attempts.
    if (attempt === undefined || attempt.admitted !== null) this.count(exchange, count, wasValid);
    else {
      attempt.counts.push(count);
      attempt.wasValid ||= wasValid;
    }
  }

  private ask(exchange: Exchange, attempt: Attempt): void | Promise<void> {
    while (attempt.asked < attempt.filters.length) {
      const filter = attempt.filters[attempt.asked++]!;
      const waits = filter.onRequest?.(exchange);
      if (waits) {
        return waits.then(() => {
          // Because: a caller that leaves before the decision has made an attempt all the same.
          if (exchange.ended) this.countAll(exchange, attempt);
          else if (!settled(exchange, attempt, filter)) return this.ask(exchange, attempt);
          else this.withholdOthers(exchange, filter);
        });
      }
      if (settled(exchange, attempt, filter)) return this.withholdOthers(exchange, filter);
    }
    this.countAll(exchange, attempt);
    // Because: a credential that does not hold is refused, also where none would do.
    if (this.letsStrangersPass && attempt.refusals.every(showsNoCredential)) this.strangers.letPass(exchange);
    else answerWith(exchange, attempt.refusals);
  }

  /**
   * Runs `onResponse` of all filters that were asked. Those that refused may also have something for the response, such as the cookie of a
   * session that they found and renewed.
   */
  private respond(exchange: Exchange): void | Promise<void> {
    const attempt = this.attemptOf(exchange);
    if (attempt !== undefined) return respondBack(exchange, attempt.filters, attempt.asked);
  }

  /** Counts the failures when no filter admitted the caller, or when the caller left before the decision. */
  private countAll(exchange: Exchange, { refusals, counts }: Attempt): void {
    for (const refusal of countedOf(refusals))
      for (const count of refusal.counts) this.count(exchange, count, refusal.wasValid);
    for (const count of counts) this.count(exchange, count, false);
  }

  private count(exchange: Exchange, count: () => void, wasValid: boolean): void {
    if (this.outer === null) count();
    else this.outer.note(exchange, count, wasValid);
  }

  /** Removes from the request what the other filters would have withheld from the upstream, although they did not decide. */
  private withholdOthers(exchange: Exchange, admitting: Filter): void {
    if (exchange.ended || exchange.earlyReply !== null) return;
    const of = admitting.credentialPlaces ?? [];
    for (const each of this.inner) if (each !== admitting) each.withhold?.(exchange, of);
  }

  private attemptOf(exchange: Exchange): Attempt | undefined {
    // Because: only this filter writes its cell.
    return exchange.state[this.slot] as Attempt | undefined;
  }
}

/**
 * Whether this filter has decided: it admitted the caller or served the request itself, or the exchange has ended. If not, takes back its
 * refusal.
 */
function settled(exchange: Exchange, attempt: Attempt, filter: Filter): boolean {
  if (exchange.ended) return true;
  const { earlyReply, fault } = exchange;
  if (earlyReply === null || (attempt.serving && fault === null && earlyReply.status < 400)) {
    attempt.admitted = filter;
    return true;
  }
  attempt.refusals.push({ by: filter, fault, reply: earlyReply, counts: attempt.counts, wasValid: attempt.wasValid });
  attempt.counts = [];
  attempt.wasValid = false;
  exchange.withdrawReply();
  takeIdentityFields(exchange);
  const { consumer, identity, fields } = attempt.before;
  addFields(exchange, fields);
  exchange.consumer = consumer;
  exchange.identity = identity;
  return false;
}

function stateOf(exchange: Exchange): Attempt['before'] {
  const { consumer, identity } = exchange;
  const fields = identity === null && consumer === null ? [] : takeIdentityFields(exchange);
  addFields(exchange, fields);
  return { consumer, identity, fields };
}
