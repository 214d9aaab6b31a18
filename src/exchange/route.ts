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
import type { PageFiles } from './error-pages.ts';
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
      /** True: the target is chosen by a hash of the consumer's name, or of the client's address for unknown callers. */
      readonly byConsumer: boolean;
    }
  /** A stable and a new version; `choice` decides between them. */
  | { readonly kind: 'canary'; readonly choice: CanaryChoice }
  /** Requests with which clients fetch deferred responses. */
  | { readonly kind: 'answers'; readonly plan: DeferralPlan }
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** `location` fills the redirect's template for a request. */
  | { readonly kind: 'redirect'; readonly location: RedirectTemplate; readonly status: number };

/** Structurally equal to what src/route/template.ts compiles. */
export interface RedirectTemplate {
  render(values: {
    readonly host: string;
    readonly path: string;
    readonly query: string;
    /** The values of the route's parameters as they stand in the path, not decoded. */
    readonly rawValues: readonly string[];
  }): string;
}

/** What a caller gets while the upstream cannot be used. */
export type Fallback =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'upstream'; readonly upstream: Upstream };

/** The route's own settings for failures of its upstream. */
export interface RouteResilience {
  /** Null: the upstream's policy applies. */
  readonly retry: RetryPolicy | null;
  /** Null: the caller gets a 503. */
  readonly fallback: Fallback | null;
  /** The last good responses, which are tried before the fallback; null where none are kept. */
  readonly kept: KeptAnswers | null;
  /** Null: no second try. */
  readonly hedge: HedgePlan | null;
}

/** The priority of routes that set none. */
const PRIORITY_DEFAULT = 5;

/** Shared by all routes without such settings of their own. */
export const nothingSaid: RouteResilience = { retry: null, fallback: null, kept: null, hedge: null };

/** What a route sets besides its chain and its destination. What is left out is as in a route that sets nothing. */
export type RouteSettings = {
  readonly [Name in Exclude<keyof RoutePlan, 'chain' | 'destination'>]?: RoutePlan[Name] | undefined;
};

/**
 * How exchanges are handled. All routes with the same settings share one object, so that it stays in the processor's caches whichever route
 * is used.
 */
export class RoutePlan {
  /** Filters of the global chain, then the route's own. */
  readonly chain: Chain;
  readonly destination: Destination;
  readonly rewrite: Rewrite | null;
  /** For the whole exchange; 0 applies the upstream's timeout, and Infinity is no limit. */
  readonly timeoutMs: number;
  /** Null: the upstream's applies. */
  readonly responseTimeoutMs: number | null;
  readonly idleTimeoutMs: number | null;
  readonly resilience: RouteResilience;
  /** Limits how many of its exchanges are in progress; null for no limit. */
  readonly gate: Gate | null;
  /** 0 to 9; routes with the highest priority are shed last. */
  readonly priority: number;
  /** Sends copies of its exchanges to another upstream; null for none. */
  readonly mirror: MirrorPlan | null;
  /** Answers slow requests with 202 and keeps their responses; null when requests are never deferred. */
  readonly deferral: DeferralPlan | null;
  /** Null: `limits.body` applies; 0 is no limit. */
  readonly bodyBytesMax: number | null;
  /** Share of its exchanges that are logged, 0 to 1; null for that of all routes. */
  readonly accessLogSample: number | null;
  /** The pages of its refusals; null for those of all routes. */
  readonly errorPages: PageFiles | null;

  constructor(
    chain: Chain,
    destination: Destination,
    {
      rewrite = null,
      timeoutMs = 0,
      responseTimeoutMs = null,
      idleTimeoutMs = null,
      resilience = nothingSaid,
      gate = null,
      priority = PRIORITY_DEFAULT,
      mirror = null,
      deferral = null,
      bodyBytesMax = null,
      accessLogSample = null,
      errorPages = null,
    }: RouteSettings = {},
  ) {
    this.chain = chain;
    this.destination = destination;
    this.rewrite = rewrite;
    this.timeoutMs = timeoutMs;
    this.responseTimeoutMs = responseTimeoutMs;
    this.idleTimeoutMs = idleTimeoutMs;
    this.resilience = resilience;
    this.gate = gate;
    this.priority = priority;
    this.mirror = mirror;
    this.deferral = deferral;
    this.bodyBytesMax = bodyBytesMax;
    this.accessLogSample = accessLogSample;
    this.errorPages = errorPages;
  }
}

/** What each route has of its own. Kept small: with thousands of routes, the one found is usually not in the processor's caches. */
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

  /** The route's part of an access log line. Made on first use: of ten thousand routes few are used. */
  get logPart(): string {
    if (this.writtenPart === '') this.writtenPart = routePart(this.name);
    return this.writtenPart;
  }
}
