// A route as compiled for a worker: what an exchange needs once its route is found. Matching is in src/route.

import type { Rewrite } from '../route/rewrite.ts';
import { routePart } from '../telemetry/access-line.ts';
import type { Gate } from '../upstream/admission/gate.ts';
import type { RetryPolicy } from '../upstream/retry/retry-policy.ts';
import type { Splitter } from '../upstream/splitter.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { CanaryChoice } from './canary-choice.ts';
import type { Chain } from './chain.ts';
import type { DeferralPlan } from './deferred/deferral-plan.ts';
import type { HedgePlan } from './hedge.ts';
import type { KeptAnswers } from './kept/kept-answers.ts';
import type { MirrorPlan } from './mirror/mirror-plan.ts';
import type { Reply } from './response.ts';

/** Where a route's exchanges go. */
export type Destination =
  | { readonly kind: 'upstream'; readonly upstream: Upstream }
  | {
      readonly kind: 'split';
      readonly splitter: Splitter<Upstream>;
      readonly stickyCookie: string | null;
      /** Chosen by a hash of the consumer. */
      readonly byConsumer: boolean;
    }
  /** One of two versions, of which one is new. */
  | { readonly kind: 'canary'; readonly choice: CanaryChoice }
  /** Deferred responses. */
  | { readonly kind: 'answers'; readonly plan: DeferralPlan }
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** `location` fills the redirect's template for a request. */
  | { readonly kind: 'redirect'; readonly location: RedirectTemplate; readonly status: number };

/** Structurally what src/route/template.ts compiles. */
export interface RedirectTemplate {
  render(values: {
    readonly host: string;
    readonly path: string;
    readonly query: string;
    /** The route's parameters as in the path. */
    readonly rawValues: readonly string[];
  }): string;
}

/** What a caller gets while the upstream may not be used. */
export type Fallback =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'upstream'; readonly upstream: Upstream };

/** The route's own settings for failures of its upstream. */
export interface RouteResilience {
  /** Null takes the upstream's. */
  readonly retry: RetryPolicy | null;
  /** Null refuses with 503. */
  readonly fallback: Fallback | null;
  /** The last good responses, which come before the fallback; null where none are kept. */
  readonly kept: KeptAnswers | null;
  /** Null for no second try. */
  readonly hedge: HedgePlan | null;
}

/** Who of its callers is let in. */
export interface RouteAdmission {
  readonly gate: Gate | null;
  readonly priority: number;
}

/** Of routes without such settings. */
export const PRIORITY_DEFAULT = 5;

const alwaysAdmitted: RouteAdmission = { gate: null, priority: PRIORITY_DEFAULT };

/** One object for all routes that leave it to their upstream. */
export const nothingSaid: RouteResilience = { retry: null, fallback: null, kept: null, hedge: null };

/** How exchanges are handled: one object for all routes with the same settings, so that it stays in the caches whichever is used. */
export class RoutePlan {
  /** Filters of the global chain, then the route's own. */
  readonly chain: Chain;
  readonly destination: Destination;
  readonly rewrite: Rewrite | null;
  /** Whole exchange; 0 takes the upstream's. */
  readonly timeoutMs: number;
  readonly resilience: RouteResilience;
  /** How many of its exchanges may be in progress; null for no limit. */
  readonly gate: Gate | null;
  /** 0 to 9: what is shed last has the highest. */
  readonly priority: number;
  /** Copies of its exchanges; null for none. */
  readonly mirror: MirrorPlan | null;
  /** When its requests are deferred; null for never. */
  readonly deferral: DeferralPlan | null;

  constructor(
    chain: Chain,
    destination: Destination,
    rewrite: Rewrite | null,
    timeoutMs: number,
    resilience: RouteResilience = nothingSaid,
    admission: RouteAdmission = alwaysAdmitted,
    mirror: MirrorPlan | null = null,
    deferral: DeferralPlan | null = null,
  ) {
    this.chain = chain;
    this.destination = destination;
    this.rewrite = rewrite;
    this.timeoutMs = timeoutMs;
    this.resilience = resilience;
    this.gate = admission.gate;
    this.priority = admission.priority;
    this.mirror = mirror;
    this.deferral = deferral;
  }
}

/** What is a route's own: small, since each of thousands is found cold in memory. */
export class Route {
  readonly plan: RoutePlan;
  /** Offset of this route's block in the worker's metric cells. */
  readonly metricsOffset: number;
  private writtenPart: string;
  readonly name: string;

  constructor(name: string, plan: RoutePlan, metricsOffset: number) {
    this.plan = plan;
    this.metricsOffset = metricsOffset;
    this.writtenPart = '';
    this.name = name;
  }

  /** Its part of an access log line. Made for the first one: of ten thousand routes few are used. */
  get logPart(): string {
    if (this.writtenPart === '') this.writtenPart = routePart(this.name);
    return this.writtenPart;
  }
}
