// One rule: conditions on who calls, from where and when. Says what a caller lacks; the filter decides what follows from that.

import { CidrSet } from '../../base/cidr-set.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { claimAt } from '../../exchange/identity/claim-at.ts';
import type { Consumer } from '../../exchange/identity/consumer.ts';
import { type ClaimCheck, compileClaimCheck } from './claim-check.ts';
import type { RuleConfig } from './config.ts';
import { ruleAsksWho } from './rule-asks-who.ts';
import { TimeWindow } from './time-window.ts';

/**
 * The result of a rule for one caller. `unknown`: conditions on the caller remain, and no filter has identified it, so that a credential
 * could help. `scopes`: only scopes are missing.
 */
export const RuleResult = { meets: 0, fails: 1, unknown: 2, scopes: 3 } as const;
export type RuleResult = (typeof RuleResult)[keyof typeof RuleResult];

type Words = ReadonlySet<string> | null;

export class Rule {
  private readonly consumers: Words;
  private readonly groups: readonly string[] | null;
  private readonly tenants: Words;
  private readonly plans: Words;
  private readonly subjects: Words;
  /** The caller must have all of these scopes. */
  readonly scopes: readonly string[];
  private readonly claims: readonly (readonly [path: string, check: ClaimCheck])[];
  private readonly ips: CidrSet | null;
  private readonly during: TimeWindow | null;
  readonly dependsOnCaller: boolean;

  constructor(config: RuleConfig) {
    this.consumers = words(config.consumers);
    this.groups = config.groups ?? null;
    this.tenants = words(config.tenants);
    this.plans = words(config.plans);
    this.subjects = words(config.subjects);
    this.scopes = config.scopes ?? [];
    this.claims = Object.entries(config.claims ?? {}).map(([path, claim]) => [path, compileClaimCheck(claim)] as const);
    this.ips = config.ips === undefined ? null : new CidrSet(config.ips);
    this.during = config.during === undefined ? null : new TimeWindow(config.during);
    this.dependsOnCaller = ruleAsksWho(config);
  }

  /** Evaluates the rule. `nowMs` is in milliseconds since 1970. */
  check(exchange: Exchange, nowMs: number): RuleResult {
    if (this.ips !== null && !this.ips.has(exchange.client.ip)) return RuleResult.fails;
    if (this.during !== null && !this.during.isOpen(nowMs)) return RuleResult.fails;
    if (!this.dependsOnCaller) return RuleResult.meets;
    const { identity } = exchange;
    if (identity === null) return this.admitsStranger(exchange.consumer) ? RuleResult.meets : RuleResult.unknown;
    if (!this.meetsConsumer(exchange.consumer)) return RuleResult.fails;
    if (this.subjects !== null && !this.subjects.has(identity.subject)) return RuleResult.fails;
    for (const [path, check] of this.claims) if (!check(claimAt(identity.claims, path))) return RuleResult.fails;
    for (const scope of this.scopes) if (!identity.scopes.includes(scope)) return RuleResult.scopes;
    return RuleResult.meets;
  }

  /** Whether the conditions on the caller hold for one who showed no credential, and passes as this consumer or as nobody. */
  admitsStranger(consumer: Consumer | null): boolean {
    if (!this.dependsOnCaller) return true;
    if (consumer === null || this.subjects !== null || this.claims.length > 0 || this.scopes.length > 0) return false;
    return this.meetsConsumer(consumer);
  }

  /** Whether the rule holds for each request of such a caller, from wherever and whenever it comes. */
  alwaysMeets(stranger: Consumer | null): boolean {
    return this.ips === null && this.during === null && this.admitsStranger(stranger);
  }

  private meetsConsumer(consumer: Consumer | null): boolean {
    const { consumers, groups, tenants, plans } = this;
    if (consumer === null) return consumers === null && groups === null && tenants === null && plans === null;
    if (consumers !== null && !consumers.has(consumer.name)) return false;
    if (tenants !== null && (consumer.tenant === null || !tenants.has(consumer.tenant))) return false;
    if (plans !== null && (consumer.plan === null || !plans.has(consumer.plan))) return false;
    return groups === null || groups.some(group => consumer.groups.includes(group));
  }
}

function words(list: readonly string[] | undefined): Words {
  return list === undefined ? null : new Set(list);
}
