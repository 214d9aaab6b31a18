// What an endpoint's pool is to the rest of the gateway, whatever protocol its connections speak. Shapes only.

import type { Fault } from '../base/fault.ts';
import type { RequestWriter } from '../net/exchange-ends.ts';

/** A request that waits for a connection. Exactly one of the two is called, unless `waiting` turned false before. */
export interface ConnectionWaiter {
  /** False when it no longer wants one; the pool then passes over it. */
  readonly waiting: boolean;
  onConnection(connection: RequestWriter): void;
  onNoConnection(fault: Fault): void;
}

export interface EndpointPool {
  /** Connections in use and idle, and requests that wait for one. */
  readonly counts: { readonly active: number; readonly idle: number; readonly pending: number };
  /**
   * A connection, or a stream of one, at once; or null: then the waiter hears later, or has heard already that there is no room. `fresh`
   * asks for one that never served, for a retry after a kept one had died.
   */
  acquire(waiter: ConnectionWaiter, fresh: boolean): RequestWriter | null;
  /** Takes a waiter out of the queue, whose place another may have then. */
  forget(waiter: ConnectionWaiter): void;
  /** Takes no more requests: idle connections close now, busy ones when they are done. */
  retire(): void;
  /** Whether a request would have to wait for a connection to be made. */
  readonly isCold: boolean;
  /** Opens a connection ahead of a request, where none is idle and there is room. */
  warm(): void;
  /** Connections for upgrades that those of this pool do not take; left out where the endpoint is asked for nothing else. */
  readonly forUpgrades?: EndpointPool;
}
