// A pool for an endpoint that chooses its protocol by ALPN (`protocol: auto`): HTTP/2 until it chooses HTTP/1.1, and that until it takes
// it no longer, or nothing is open any more and it may have changed its mind.

import type { RequestWriter } from '../net/exchange-ends.ts';
import type { ConnectionTarget } from '../net/upstream-connection.ts';
import type { ConnectionWaiter, EndpointPool } from './endpoint-pool.ts';
import { MultiplexPool } from './multiplex-pool.ts';
import { Pool, type PoolContext, type PoolSettings } from './pool.ts';

/** An endpoint that chose HTTP/1.1 is not asked again before; each asking costs it a handshake more. */
const ASK_AGAIN_MS = 60_000;

export class NegotiatedPool implements EndpointPool {
  private readonly target: ConnectionTarget;
  private readonly settings: PoolSettings;
  private readonly metricsOffset: number;
  private readonly context: PoolContext;
  private current: MultiplexPool | Pool;
  private chosenAt: number;
  private retired: boolean;

  constructor(target: ConnectionTarget, settings: PoolSettings, metricsOffset: number, context: PoolContext) {
    this.target = target;
    this.settings = settings;
    this.metricsOffset = metricsOffset;
    this.context = context;
    this.chosenAt = 0;
    this.retired = false;
    this.current = this.asking();
  }

  get counts(): EndpointPool['counts'] {
    return this.current.counts;
  }

  get isCold(): boolean {
    return this.current.isCold;
  }

  acquire(waiter: ConnectionWaiter, fresh: boolean): RequestWriter | null {
    const { current } = this;
    if (current instanceof Pool && current.isEmpty && this.context.io.clock.now - this.chosenAt >= ASK_AGAIN_MS)
      this.change(current, this.asking());
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

  /** Offers both, and finds out. */
  private asking(): MultiplexPool {
    const { target, settings, metricsOffset, context } = this;
    const pool: MultiplexPool = new MultiplexPool(target, settings, metricsOffset, context, () =>
      this.change(pool, this.plain()),
    );
    return pool;
  }

  /** Offers HTTP/1.1 alone. */
  private plain(): Pool {
    const { target, settings, metricsOffset, context } = this;
    const pool: Pool = new Pool(target, settings, metricsOffset, context, () => this.change(pool, this.asking()));
    return pool;
  }

  private change(from: MultiplexPool | Pool, to: MultiplexPool | Pool): void {
    // Several connections may find this out at once.
    if (this.current !== from) return;
    this.current = to;
    this.chosenAt = this.context.io.clock.now;
    if (this.retired) to.retire();
    for (const waiter of from.takeWaiters()) {
      // What another one's answer sets off may have ended its wait.
      if (!waiter.waiting) continue;
      const connection = to.acquire(waiter, false);
      if (connection !== null) waiter.onConnection(connection);
    }
    from.retire();
  }
}
