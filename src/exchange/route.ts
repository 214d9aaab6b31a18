// A route as compiled for a worker: what an exchange needs to know once its route was found. Matching is in src/route.

import type { Rewrite } from '../route/rewrite.ts';
import { routePart } from '../telemetry/access-line.ts';
import type { Splitter } from '../upstream/splitter.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Chain } from './chain.ts';
import type { Reply } from './response.ts';

/** Where a route's exchanges go. */
export type Destination =
  | { readonly kind: 'upstream'; readonly upstream: Upstream }
  | { readonly kind: 'split'; readonly splitter: Splitter<Upstream>; readonly stickyCookie: string | null }
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** `location` fills the redirect's template for a request. */
  | { readonly kind: 'redirect'; readonly location: RedirectTemplate; readonly status: number };

/** Structurally what src/route/template.ts compiles. */
export interface RedirectTemplate {
  render(values: {
    readonly host: string;
    readonly path: string;
    readonly query: string;
    readonly param: (name: string) => string | undefined;
  }): string;
}

export class Route {
  readonly name: string;
  /** Filters of the global chain, then the route's own. */
  readonly chain: Chain;
  readonly destination: Destination;
  readonly rewrite: Rewrite | null;
  /** Whole exchange; 0 takes the upstream's. */
  readonly timeoutMs: number;
  /** Offset of this route's block in the worker's metric cells. */
  readonly metricsOffset: number;
  /** Its part of an access log line. */
  readonly logPart: string;

  constructor(
    name: string,
    chain: Chain,
    destination: Destination,
    rewrite: Rewrite | null,
    timeoutMs: number,
    metricsOffset: number,
  ) {
    this.name = name;
    this.chain = chain;
    this.destination = destination;
    this.rewrite = rewrite;
    this.timeoutMs = timeoutMs;
    this.metricsOffset = metricsOffset;
    this.logPart = routePart(name);
  }
}
