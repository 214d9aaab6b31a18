// Tells conditions on the caller from those on address and time.

import type { RuleConfig } from './config.ts';

/** Whether the rule has a condition on the caller. */
export function ruleAsksWho({ ips: _ips, during: _during, ...who }: RuleConfig): boolean {
  return Object.values(who).some(condition => condition !== undefined);
}
