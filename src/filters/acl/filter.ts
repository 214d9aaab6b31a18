// The acl filter: applies the deny rules first, then the allow rules, and chooses the refusal for all other callers.

import { Fault } from '../../base/fault.ts';
import { wallMs } from '../../base/wall-time.ts';
import { eventCells } from '../../exchange/event-cells.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import type { AclConfig } from './config.ts';
import { Rule, RuleResult } from './rule.ts';

const missing = new Fault('credentials_missing');
const denied = new Fault('access_denied');
const tooFewScopes = new Fault('access_denied', 'The token does not have the scopes that this route requires.');

const events = ['allowed', 'denied', 'unknown'] as const;

type Fields = readonly (readonly [string, string])[];

const usualChallenges: Fields = [field('Bearer realm="cardea"')];

export const aclFilter: FilterDefinition<AclConfig> = {
  name: 'acl',
  events,
  isGuard: ({ allow, deny = [] }, stranger) =>
    allow?.every(rule => !new Rule(rule).admitsStranger(stranger)) === true ||
    deny.some(rule => new Rule(rule).alwaysMeets(stranger)),
  build(config, services) {
    const allow = config.allow?.map(rule => new Rule(rule)) ?? null;
    const deny = config.deny?.map(rule => new Rule(rule)) ?? [];
    const { clock, cells } = services.worker;
    const eventCell = eventCells(events, services);
    const ownChallenges = config.challenge === undefined ? null : [field(config.challenge)];

    const refuse = (exchange: Exchange, fault: Fault, fields?: Fields): void => {
      cells[eventCell.denied]!++;
      exchange.refuse(fault, fields);
    };
    const refuseStranger = (exchange: Exchange): void => {
      cells[eventCell.unknown]!++;
      exchange.refuse(missing, ownChallenges ?? challengesFor(exchange));
    };

    return {
      onRequest(exchange) {
        const nowMs = wallMs(clock.now);
        for (const rule of deny) {
          if (rule.check(exchange, nowMs) === RuleResult.meets) {
            // Because: with a credential he would be somebody else.
            if (exchange.identity === null && rule.dependsOnCaller) refuseStranger(exchange);
            else refuse(exchange, denied);
            return;
          }
        }
        if (allow === null) {
          cells[eventCell.allowed]!++;
          return;
        }
        let unknown = false;
        let lacking: Rule | null = null;
        for (const rule of allow) {
          const result = rule.check(exchange, nowMs);
          if (result === RuleResult.meets) {
            cells[eventCell.allowed]!++;
            return;
          }
          if (result === RuleResult.unknown) unknown = true;
          else if (result === RuleResult.scopes) lacking ??= rule;
        }
        if (lacking !== null) {
          // Because: scopes are names of the API, checked by its owner; a scope has no quotes or backslashes (RFC 6749 section 3.3).
          const scope = lacking.scopes.join(' ').replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '');
          refuse(exchange, tooFewScopes, [['WWW-Authenticate', `Bearer error="insufficient_scope", scope="${scope}"`]]);
        } else if (unknown) refuseStranger(exchange);
        else refuse(exchange, denied);
      },
    };
  },
};

function field(challenge: string): readonly [string, string] {
  return ['WWW-Authenticate', challenge];
}

/** The credentials that filters of this chain would have taken, had the caller shown one of them. */
function challengesFor({ route }: Exchange): Fields {
  const filters = route === null ? [] : route.plan.chain.filters;
  const offered = filters.flatMap(({ strangers }) => (strangers?.isOptional === true ? strangers.challenges : []));
  return offered.length === 0 ? usualChallenges : offered;
}
