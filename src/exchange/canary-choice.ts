// Which version of a route with a canary an exchange gets. The supervisor decides the share; it is read here from shared memory.

import { hashText } from '../base/hash.ts';
import { Random } from '../base/random.ts';
import type { Condition } from '../route/conditions.ts';
import type { Routable } from '../route/routable.ts';
import type { StateBlock } from '../upstream/state/shared-states.ts';
import { StateCell } from '../upstream/state/state-cells.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Exchange } from './exchange.ts';
import type { Consumer } from './identity/consumer.ts';
import { userName } from './identity/user-name.ts';

/** The whole, 100 %: shared memory holds shares as whole numbers of this. */
export const SHARE_WHOLE = 1_000_000;

/** Value of the share's cell after a rollback: even callers that match a rule get the stable version. */
export const SHARE_ROLLED_BACK = -1;

/** One version: its upstream, and the offset of its counters in the worker's cells. */
export interface Version {
  readonly upstream: Upstream;
  readonly cellsAt: number;
}

export interface CanaryRules {
  readonly conditions: readonly Condition[];
  readonly consumers: ReadonlySet<string>;
  readonly by: { readonly kind: 'request' | 'consumer' | 'ip' | 'cookie' | 'header'; readonly name?: string };
}

export class CanaryChoice {
  readonly stable: Version;
  readonly canary: Version;
  private readonly rules: CanaryRules;
  /** Mixed into the hash, so that the first users of one canary are not the first users of every canary. */
  private readonly seed: number;
  private readonly share: StateBlock;
  private credit: number;

  /** `name` identifies this canary and is the same on every worker. */
  constructor(name: string, stable: Version, canary: Version, rules: CanaryRules, share: StateBlock) {
    this.stable = stable;
    this.canary = canary;
    this.rules = rules;
    this.seed = hashText(name);
    this.share = share;
    // Begins with a random credit, as a split does: see upstream/splitter.ts.
    this.credit = new Random().below(SHARE_WHOLE);
  }

  choose(exchange: Exchange): Version {
    const share = this.share.words[this.share.at + StateCell.canaryShare]!;
    if (share === SHARE_ROLLED_BACK) return this.stable;
    return this.isChosen(exchange.consumer, exchange.request) || this.isWithin(exchange, share)
      ? this.canary
      : this.stable;
  }

  /** Whether a rule gives this request the canary, whatever the share is. */
  isChosen(consumer: Consumer | null, request: Routable): boolean {
    const { conditions, consumers } = this.rules;
    if (consumer !== null && consumers.has(consumer.name)) return true;
    for (const condition of conditions) if (condition.matches(request)) return true;
    return false;
  }

  private isWithin(exchange: Exchange, share: number): boolean {
    if (this.rules.by.kind !== 'request') return hashText(this.user(exchange), this.seed) % SHARE_WHOLE < share;
    this.credit += share;
    if (this.credit < SHARE_WHOLE) return false;
    this.credit -= SHARE_WHOLE;
    return true;
  }

  private user(exchange: Exchange): string {
    const { by } = this.rules;
    let user: string | undefined;
    if (by.kind === 'consumer') user = userName(exchange);
    else if (by.kind === 'cookie') user = exchange.cookie(by.name!);
    else if (by.kind === 'header') user = exchange.request.headers.get(by.name!);
    return user ?? exchange.client.ip;
  }
}
