// The part of a request that routing reads. The exchange's request head has this shape; nothing here knows an exchange.

import type { Headers } from '../http/headers.ts';
import type { Arrival } from '../http/request-head.ts';

export interface Routable {
  readonly method: string;
  /** Host in lower case, without the port. */
  readonly host: string;
  /** Normalised path; starts with `/`. */
  readonly path: string;
  /** Query without the question mark. */
  readonly query: string;
  readonly headers: Headers;
  /** The parsed JSON body; undefined while it has not been read, null when it is not JSON. */
  readonly body?: unknown;
  /** Left out or null: the request came in at no listener with a name, from no address. */
  readonly arrival?: Arrival | null;
}
