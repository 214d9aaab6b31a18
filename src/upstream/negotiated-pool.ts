// A pool for an endpoint that chooses its protocol by ALPN (`protocol: auto`): HTTP/2 until it chooses HTTP/1.1, which then holds.

import type { RequestWriter } from '../net/exchange-ends.ts';
import type { ConnectionTarget } from '../net/upstream-connection.ts';
import type { ConnectionWaiter, EndpointPool } from './endpoint-pool.ts';
import { MultiplexPool } from './multiplex-pool.ts';
import { Pool, type PoolContext, type PoolSettings } from './pool.ts';

export class NegotiatedPool implements EndpointPool {
  private current: EndpointPool;
  private retired: boolean;

  constructor(target: ConnectionTarget, settings: PoolSettings, metricsOffset: number, context: PoolContext) {
    this.retired = false;
    const multiplex = new MultiplexPool(target, settings, metricsOffset, context, () => {
      // Several connections may find this out at once.
      if (this.current !== multiplex) return;
      const pool = new Pool(target, settings, metricsOffset, context);
      this.current = pool;
      if (this.retired) pool.retire();
      for (const waiter of multiplex.takeWaiters()) {
        const connection = pool.acquire(waiter, false);
        if (connection !== null) waiter.onConnection(connection);
      }
      multiplex.retire();
    });
    this.current = multiplex;
  }

  get counts(): EndpointPool['counts'] {
    return this.current.counts;
  }

  get isCold(): boolean {
    return this.current.isCold;
  }

  acquire(waiter: ConnectionWaiter, fresh: boolean): RequestWriter | null {
    return this.current.acquire(waiter, fresh);
  }

  forget(waiter: ConnectionWaiter): void {
    this.current.forget(waiter);
  }

  retire(): void {
    this.retired = true;
    this.current.retire();
  }

  warm(): void {
    this.current.warm();
  }
}
