// A route as compiled for a worker: what an exchange needs to know once its route was found. Matching is in src/route.

import type { Rewrite } from '../route/rewrite.ts';
import type { Splitter } from '../upstream/splitter.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Chain } from './chain.ts';
import type { Reply } from './exchange.ts';

/** Where a route's exchanges go. */
export type Destination =
  | { readonly kind: 'upstream'; readonly upstream: Upstream }
  | { readonly kind: 'split'; readonly splitter: Splitter<Upstream>; readonly stickyCookie: string | null }
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** `url` is a template: `{host}`, `{path}`, `{query}`, parameters. */
  | { readonly kind: 'redirect'; readonly url: string; readonly status: number };

export interface Route {
  readonly name: string;
  /** Filters of the global chain, then the route's own. */
  readonly chain: Chain;
  readonly destination: Destination;
  readonly rewrite: Rewrite | null;
  /** Whole exchange; 0 takes the upstream's. */
  readonly timeoutMs: number;
  /** Offset of this route's block in the worker's metric cells. */
  readonly metricsOffset: number;
}
