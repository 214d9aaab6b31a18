// A configuration as compiled on a worker. Immutable; a reload replaces the whole by one assignment.

import type { HeaderNameSet } from '../http/header-name-set.ts';
import type { ConnectionLimits } from '../net/downstream-connection.ts';
import type { RouteTable } from '../route/route-table.ts';
import type { Gate } from '../upstream/admission/gate.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { AccessExtras } from './access-extras.ts';
import type { SheddingSpec } from './admission/shedder.ts';
import type { ErrorPages } from './error-pages.ts';
import type { ConsumerDirectory } from './identity/consumer-directory.ts';
import type { Route } from './route.ts';

/** The names of the listeners by their keys; an empty text for a listener without a name. */
export type ListenerNames = ReadonlyMap<string, string>;

export interface Snapshot {
  readonly version: string;
  readonly routes: RouteTable<Route>;
  /** Left out if no route asks how a request came in. */
  readonly listenerNames?: ListenerNames | undefined;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly consumers: ConsumerDirectory;
  /** Headers that only identity filters may write: removed from every request on arrival. Null if no filter writes any. */
  readonly identityHeaders: HeaderNameSet | null;
  /** Those of them that forward an identity. The others hold what an external service said, whoever is identified after it. */
  readonly callerHeaders: HeaderNameSet | null;
  /** Gates by the resource that they limit: `upstream users`, `route orders`. Left out for none. */
  readonly gates?: ReadonlyMap<string, Gate>;
  readonly limits: Limits;
  /** The routes whose deferred responses clients can fetch, by the word in the path. Left out if no route defers requests. */
  readonly answers?: ReadonlyMap<string, Route> | undefined;
  /** Left out when load is never shed. */
  readonly shedding?: SheddingSpec;
  readonly paths: Paths;
  /** Pages for people in place of problem+json; left out for none. */
  readonly errorPages?: ErrorPages | undefined;
  /** Share of exchanges that are logged, 0 to 1, on routes that set none; refusals and 5xx are always logged. */
  readonly accessLogSample: number;
  /** What their lines have beyond the fixed fields; left out for nothing. */
  readonly accessExtras?: AccessExtras | undefined;
  /** Offset of the metric block for requests that matched no route. */
  readonly noRouteMetricsOffset: number;
}

/** See `LimitsConfig` in src/config/config.ts, to which this is structurally equal. */
export interface Limits extends ConnectionLimits {
  readonly bodyBytesMax: number;
  readonly connectionsMax: number;
  readonly matchBodyBytesMax: number;
}

/** See `PathsConfig` in src/config/config.ts, to which this is structurally equal. */
export interface Paths {
  readonly encodedSlash: 'reject' | 'keep';
  readonly emptySegments: 'reject' | 'merge' | 'keep';
}
