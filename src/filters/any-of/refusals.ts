// What the filters said that did not let the caller pass: which of it is counted, and which the caller is told.

import { Fault } from '../../base/fault.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter } from '../../exchange/filter.ts';
import { isStranger } from '../../exchange/login-desk.ts';
import type { Reply } from '../../exchange/response.ts';

export interface Refusal {
  readonly by: Filter;
  readonly fault: Fault | null;
  readonly reply: Reply;
  readonly counts: readonly (() => void)[];
  /** The credential is read as one that was good once, as an expired one was; it may be made up all the same. */
  readonly wasGood: boolean;
}

/** Those of a caller who was recognised, if any; else all, but for a second look at a credential that was good once. */
export function countedOf(refusals: readonly Refusal[]): readonly Refusal[] {
  const recognised = refusals.filter(isOfKnownCaller);
  const ended = refusals.filter(({ wasGood }) => wasGood);
  return (recognised.length > 0 ? recognised : refusals).filter(
    refusal => refusal.wasGood || !ended.some(({ by }) => lookAtTheSame(by, refusal.by)),
  );
}

/**
 * Answers with the refusal that tells most: of a credential that does not suffice; of one that cannot be verified now, and may well be
 * what another way could not read; of one that was good once; of one that did not hold; else a page to log in, else every challenge
 * there is.
 */
export function answerWith(exchange: Exchange, refusals: readonly Refusal[]): void {
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

/** Whether the credential held and does not suffice. A certificate that many show and no rule names is not such. */
function isOfKnownCaller({ fault }: Refusal): boolean {
  return fault?.code === 'access_denied' && !isStranger(fault);
}

/** Whether both take their credential from one place, and none from another: then it was the same. */
function lookAtTheSame(one: Filter, other: Filter): boolean {
  const [first] = one.credentialPlaces ?? [];
  const others = other.credentialPlaces ?? [];
  if (first === undefined || others.length === 0) return false;
  return [...one.credentialPlaces!, ...others].every(({ kind, name }) => kind === first.kind && name === first.name);
}
