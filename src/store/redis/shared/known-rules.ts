// The limits that this gateway's workers count, as the supervisor sees them: each with a limiter over the workers' memory.

import { isBucket, type LimitRule } from '../../limiter/limit-rule.ts';
import { LimitCall } from '../../limiter/limiter-store.ts';
import type { LocalLimiter, LocalLimiterStore } from '../../shared-memory/local-limiter.ts';
import { ruleTag, sharedRule } from './shared-rule.ts';

export interface KnownRule {
  readonly tag: number;
  readonly rule: LimitRule;
  readonly limiter: LocalLimiter;
  /** Units at which the limit counts as full. */
  readonly size: number;
}

export class KnownRules {
  private readonly rules = new Map<number, KnownRule>();

  /** Adds a limit with tables of this size. `local` is over the workers' memory, which may have been replaced since an earlier call. */
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

/** Units that the caller has used, as far as this gateway knows, and not got back yet. */
export function levelHere({ rule, limiter }: KnownRule, keyLow: number, keyHigh: number): number {
  call.keys[0] = keyLow;
  call.keys[1] = keyHigh;
  if (!limiter.look(call)) return 0;
  return isBucket(rule) ? (call.resetMs[0]! * rule.count) / rule.perMs : rule.count - call.remaining[0]!;
}
