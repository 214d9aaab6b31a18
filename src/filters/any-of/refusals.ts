// The refusals of the filters that did not admit the caller: which of them are counted, and which one the caller gets.

import { Fault } from '../../base/fault.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter } from '../../exchange/filter.ts';
import { isStranger } from '../../exchange/identity/login-desk.ts';
import type { Reply } from '../../exchange/response.ts';

export interface Refusal {
  readonly by: Filter;
  readonly fault: Fault | null;
  readonly reply: Reply;
  readonly counts: readonly (() => void)[];
  /** The credential looks like one that was valid once, such as an expired one. It may be forged all the same. */
  readonly wasValid: boolean;
}

/**
 * The refusals whose failures count. If a filter recognised the caller, only the refusals by such filters; else all. Leaves out a refusal
 * of the same credential by another filter when the credential was good once.
 */
export function countedOf(refusals: readonly Refusal[]): readonly Refusal[] {
  const recognised = refusals.filter(isOfKnownCaller);
  const ended = refusals.filter(({ wasValid }) => wasValid);
  return (recognised.length > 0 ? recognised : refusals).filter(
    refusal => refusal.wasValid || !ended.some(({ by }) => lookAtTheSame(by, refusal.by)),
  );
}

/**
 * Responds with the most informative refusal, in this order: a valid credential that is not sufficient; a credential that cannot be
 * verified now (it may be the one that another filter could not read); one that was good once; one that is invalid; a redirect to a login
 * page. Without any of these, 401 with the challenges of all filters.
 */
export function answerWith(exchange: Exchange, refusals: readonly Refusal[]): void {
  const chosen =
    refusals.find(isOfKnownCaller) ??
    refusals.find(({ fault }) => fault?.code === 'identity_unavailable') ??
    refusals.find(({ wasValid }) => wasValid) ??
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

/**
 * Whether the credential is valid but not sufficient. A certificate that many callers may have and that no rule names does not count as
 * such.
 */
function isOfKnownCaller({ fault }: Refusal): boolean {
  return fault?.code === 'access_denied' && !isStranger(fault);
}

/** Whether both filters take their credential from the same single place, so that both looked at the same credential. */
function lookAtTheSame(one: Filter, other: Filter): boolean {
  const [first] = one.credentialPlaces ?? [];
  const others = other.credentialPlaces ?? [];
  if (first === undefined || others.length === 0) return false;
  return [...one.credentialPlaces!, ...others].every(({ kind, name }) => kind === first.kind && name === first.name);
}
