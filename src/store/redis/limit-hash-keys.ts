// Hash keys that all gateways on one Redis share: the same caller has the same hash in each gateway.

import { createHash } from 'node:crypto';
import { type LimitRule, ruleIdentity } from '../limiter/limit-rule.ts';
import type { StoreSpec } from '../store-spec.ts';

/** Two words per rule. As secret as the store's password, if it has one. */
export function limitHashKeys(rules: readonly LimitRule[], { keyPrefix, password }: StoreSpec): Int32Array {
  const words = new Int32Array(2 * rules.length);
  for (const [at, rule] of rules.entries()) {
    const digest = createHash('sha256')
      .update(JSON.stringify([keyPrefix, password, ruleIdentity(rule)]))
      .digest();
    words[2 * at] = digest.readInt32LE(0);
    words[2 * at + 1] = digest.readInt32LE(4);
  }
  return words;
}
