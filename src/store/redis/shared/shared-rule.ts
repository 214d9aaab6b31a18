// How a limit is counted in one of several gateways: with a little more at once than was asked for, since what the others admit is
// learned in lumps, a moment late. Without that, callers well below the limit would be refused now and then.

import { isBucket, type LimitRule, ruleIdentity } from '../../limiter/limit-rule.ts';

/** What the others admitted in so long may arrive at once. */
const LUMP_MS = 50;
/** Where that is less than a unit, one may arrive as late as this, when many callers are told of. See sync-pace.ts. */
const UNIT_LATE_MS = 800;

export function sharedRule(rule: LimitRule): LimitRule {
  const unitsIn = (ms: number) => (rule.count * ms) / rule.perMs;
  const lump = Math.max(unitsIn(LUMP_MS), Math.min(1, unitsIn(UNIT_LATE_MS)));
  return { ...rule, identity: `shared ${rule.identity}`, burst: isBucket(rule) ? rule.burst + lump : rule.burst };
}

/** Names a rule, counted in tables of this size, among those of one store, in 32 bits. */
export function ruleTag(rule: LimitRule, tableBytes: number): number {
  let tag = 0x811c9dc5;
  for (const letter of `${tableBytes} ${ruleIdentity(rule)}`) tag = Math.imul(tag ^ letter.codePointAt(0)!, 0x01000193);
  return tag | 0 || 1;
}
