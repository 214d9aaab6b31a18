// The interface of an endpoint's pool for the rest of the gateway, whatever protocol its connections speak. Types only.

import type { Fault } from '../base/fault.ts';
import type { RequestWriter } from '../net/exchange-ends.ts';

/** A request that waits for a connection. Exactly one of the two callbacks is called, unless `waiting` turns false first. */
export interface ConnectionWaiter {
  /** False once the request no longer wants a connection; the pool then skips it. */
  readonly waiting: boolean;
  onConnection(connection: RequestWriter): void;
  onNoConnection(fault: Fault): void;
}

export interface EndpointPool {
  /** Number of connections in use, of idle connections, and of requests that wait for a connection. */
  readonly counts: { readonly active: number; readonly idle: number; readonly pending: number };
  /**
   * Returns a connection, or a stream on one, when there is one at once. Returns null otherwise: the waiter is called later, or has already
   * been told that there is no room. `fresh` asks for a connection that served no request yet, for a retry after a reused connection had
   * died; over HTTP/2 it asks for the newest connection.
   */
  acquire(waiter: ConnectionWaiter, fresh: boolean): RequestWriter | null;
  /** Removes a waiter from the queue, so that another request may take its place. */
  forget(waiter: ConnectionWaiter): void;
  /** Ends the pool: idle connections close now, busy ones when their requests are done. */
  retire(): void;
  /** Whether a request would have to wait until a connection is opened. */
  readonly isCold: boolean;
  /** Opens a connection ahead of a request when none is idle and there is room. */
  warm(): void;
  /** A pool for upgrades that the connections of this pool cannot carry; left out when there is none. */
  readonly forUpgrades?: EndpointPool;
}
