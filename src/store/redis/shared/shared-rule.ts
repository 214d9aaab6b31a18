// How a limit is counted in one of several gateways: with a somewhat larger burst than configured, since what the others admit is
// learned in lumps and a moment late. Without it, callers well below the limit would be refused now and then.

import { isBucket, type LimitRule, ruleIdentity } from '../../limiter/limit-rule.ts';

/** The units that the others admitted within this time may arrive at once. */
const LUMP_MS = 50;
/** If those are less than one unit, one unit may arrive this late, when there are many callers to report. See sync-pace.ts. */
const UNIT_LATE_MS = 800;

export function sharedRule(rule: LimitRule): LimitRule {
  const unitsIn = (ms: number) => (rule.count * ms) / rule.perMs;
  const lump = Math.max(unitsIn(LUMP_MS), Math.min(1, unitsIn(UNIT_LATE_MS)));
  return { ...rule, identity: `shared ${rule.identity}`, burst: isBucket(rule) ? rule.burst + lump : rule.burst };
}

/** A 32-bit name, never 0, for a rule counted in tables of this size, among the rules of one store. */
export function ruleTag(rule: LimitRule, tableBytes: number): number {
  let tag = 0x811c9dc5;
  for (const letter of `${tableBytes} ${ruleIdentity(rule)}`) tag = Math.imul(tag ^ letter.codePointAt(0)!, 0x01000193);
  return tag | 0 || 1;
}
