// A pool for an endpoint that chooses its protocol by ALPN (`protocol: auto`). Uses HTTP/2 until the endpoint chooses HTTP/1.1. Then uses
// HTTP/1.1 until the endpoint no longer accepts it, or until no connection is open and the endpoint is due to be asked again. Beside HTTP/2
// it keeps HTTP/1.1 connections for WebSockets, which most endpoints accept over HTTP/1.1 only.

import type { RequestWriter } from '../net/exchange-ends.ts';
import type { ConnectionTarget } from '../net/upstream-connection.ts';
import { ConnectionSeats } from './connection-seats.ts';
import type { ConnectionWaiter, EndpointPool } from './endpoint-pool.ts';
import { MultiplexPool } from './multiplex-pool.ts';
import type { GoawayCount } from './outlier/goaway-count.ts';
import { Pool, type PoolContext, type PoolSettings } from './pool.ts';

/**
 * An endpoint that chose HTTP/1.1 is not offered HTTP/2 again before this time has passed, because each offer costs it one more handshake.
 */
const ASK_AGAIN_MS = 60_000;

export class NegotiatedPool implements EndpointPool {
  private readonly target: ConnectionTarget;
  private readonly settings: PoolSettings;
  private readonly metricsOffset: number;
  private readonly context: PoolContext;
  private readonly goaways: GoawayCount | null;
  /** Shared by all pools of this endpoint, so that connections still open in a replaced pool count too. */
  private readonly seats: ConnectionSeats;
  private current: MultiplexPool | Pool;
  /** HTTP/1.1 pool for upgrades; null until an upgrade needs it. */
  private upgradePool: Pool | null;
  private chosenAt: number;
  private retired: boolean;

  /** `goaways` counts the connections that the endpoint ends by GOAWAY. */
  constructor(
    target: ConnectionTarget,
    settings: PoolSettings,
    metricsOffset: number,
    context: PoolContext,
    goaways: GoawayCount | null = null,
  ) {
    this.target = target;
    this.settings = settings;
    this.metricsOffset = metricsOffset;
    this.context = context;
    this.goaways = goaways;
    this.seats = new ConnectionSeats(settings.maxConnections, {
      // The pool that causes an event handles its own connections and waiters; only the other pool is called here.
      onFreed: holder => {
        if (holder !== this.current) this.current.openForWaiters();
        if (holder !== this.upgradePool) this.upgradePool?.openForWaiters();
      },
      onWanted: holder => {
        if (holder !== this.current) this.current.closeOneAtRest();
        else this.upgradePool?.closeOneAtRest();
      },
    });
    this.upgradePool = null;
    this.chosenAt = 0;
    this.retired = false;
    this.current = this.negotiatingPool();
  }

  get counts(): EndpointPool['counts'] {
    const { active, idle, pending } = this.current.counts;
    const upgrades = this.upgradePool?.counts ?? { active: 0, idle: 0, pending: 0 };
    return { active: active + upgrades.active, idle: idle + upgrades.idle, pending: pending + upgrades.pending };
  }

  get isCold(): boolean {
    return this.current.isCold;
  }

  acquire(waiter: ConnectionWaiter, fresh: boolean): RequestWriter | null {
    const { current } = this;
    if (current instanceof Pool && current.isEmpty && this.context.io.clock.now - this.chosenAt >= ASK_AGAIN_MS)
      this.change(current, this.negotiatingPool());
    return this.current.acquire(waiter, fresh);
  }

  get forUpgrades(): Pool {
    if (this.upgradePool === null) {
      this.upgradePool = this.http1Pool();
      if (this.retired) this.upgradePool.retire();
    }
    return this.upgradePool;
  }

  forget(waiter: ConnectionWaiter): void {
    this.current.forget(waiter);
    this.upgradePool?.forget(waiter);
  }

  retire(): void {
    this.retired = true;
    this.current.retire();
    this.upgradePool?.retire();
  }

  warm(): void {
    this.current.warm();
  }

  /** A pool that offers both protocols and switches to HTTP/1.1 when the endpoint chooses that. */
  private negotiatingPool(): MultiplexPool {
    const { target, settings, metricsOffset, context, goaways, seats } = this;
    const onHttp1 = (): void => this.change(pool, this.http1Pool());
    const pool: MultiplexPool = new MultiplexPool(target, settings, metricsOffset, context, goaways, onHttp1, seats);
    return pool;
  }

  /** A pool that offers HTTP/1.1 alone and switches back when the endpoint no longer accepts it. */
  private http1Pool(): Pool {
    const { target, settings, metricsOffset, context, seats } = this;
    const onProtocolRefused = (): void => this.change(pool, this.negotiatingPool());
    const pool: Pool = new Pool(target, settings, metricsOffset, context, onProtocolRefused, seats);
    return pool;
  }

  private change(from: MultiplexPool | Pool, to: MultiplexPool | Pool): void {
    // Several connections may find out the endpoint's choice at once; only the first one switches.
    if (this.current !== from) return;
    this.current = to;
    this.chosenAt = this.context.io.clock.now;
    if (this.retired) to.retire();
    const waiters = from.takeWaiters();
    // Closes the idle connections, which frees seats for the waiters.
    from.retire();
    for (const waiter of waiters) {
      // What one waiter does when it is called may have ended the wait of another.
      if (!waiter.waiting) continue;
      const connection = to.acquire(waiter, false);
      if (connection !== null) waiter.onConnection(connection);
    }
  }
}
