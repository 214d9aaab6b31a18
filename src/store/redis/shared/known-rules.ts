// The limits that this gateway's workers count, as the supervisor sees them: each with a limiter over the same memory as theirs.

import { isBucket, type LimitRule } from '../../limiter/limit-rule.ts';
import { LimitCall } from '../../limiter/limiter-store.ts';
import type { LocalLimiter, LocalLimiterStore } from '../../shared-memory/local-limiter.ts';
import { ruleTag, sharedRule } from './shared-rule.ts';

export interface KnownRule {
  readonly tag: number;
  readonly rule: LimitRule;
  readonly limiter: LocalLimiter;
  /** What counts as full. */
  readonly size: number;
}

export class KnownRules {
  private readonly rules = new Map<number, KnownRule>();

  /** A limit counted in tables of this size; `local` is over the same memory as the workers', which may be another one than the last time. */
  add(rule: LimitRule, tableBytes: number, local: LocalLimiterStore): void {
    const tag = ruleTag(rule, tableBytes);
    const limiter = local.open([sharedRule(rule)]);
    this.rules.set(tag, { tag, rule, limiter, size: isBucket(rule) ? rule.burst : rule.count });
  }

  get(tag: number): KnownRule | undefined {
    return this.rules.get(tag);
  }
}

const call = new LimitCall(1);

/** Units that the caller has used in this gateway's view and not got back yet. */
export function levelHere({ rule, limiter }: KnownRule, keyLow: number, keyHigh: number): number {
  call.keys[0] = keyLow;
  call.keys[1] = keyHigh;
  if (!limiter.look(call)) return 0;
  return isBucket(rule) ? (call.resetMs[0]! * rule.count) / rule.perMs : rule.count - call.remaining[0]!;
}
