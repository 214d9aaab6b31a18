// A pool for an endpoint that chooses its protocol by ALPN (`protocol: auto`): HTTP/2 until it chooses HTTP/1.1, and that until it takes
// it no longer, or nothing is open any more and it may have changed its mind. Beside HTTP/2, HTTP/1.1 for the WebSockets that most endpoints take
// over that alone.

import type { RequestWriter } from '../net/exchange-ends.ts';
import type { ConnectionTarget } from '../net/upstream-connection.ts';
import { ConnectionSeats } from './connection-seats.ts';
import type { ConnectionWaiter, EndpointPool } from './endpoint-pool.ts';
import { MultiplexPool } from './multiplex-pool.ts';
import type { GoawayCount } from './outlier/goaway-count.ts';
import { Pool, type PoolContext, type PoolSettings } from './pool.ts';

/** An endpoint that chose HTTP/1.1 is not asked again before; each asking costs it a handshake more. */
const ASK_AGAIN_MS = 60_000;

export class NegotiatedPool implements EndpointPool {
  private readonly target: ConnectionTarget;
  private readonly settings: PoolSettings;
  private readonly metricsOffset: number;
  private readonly context: PoolContext;
  private readonly goaways: GoawayCount | null;
  /** Of all that follow one another: what is open of the ones before counts. */
  private readonly seats: ConnectionSeats;
  private current: MultiplexPool | Pool;
  /** Null until an upgrade needs it. */
  private besides: Pool | null;
  private chosenAt: number;
  private retired: boolean;

  /** `goaways` hears of connections that the endpoint ends. */
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
      // Each knows what to do with its own.
      onFreed: holder => {
        if (holder !== this.current) this.current.openForWaiters();
        if (holder !== this.besides) this.besides?.openForWaiters();
      },
      onWanted: holder => {
        if (holder !== this.current) this.current.closeOneAtRest();
        else this.besides?.closeOneAtRest();
      },
    });
    this.besides = null;
    this.chosenAt = 0;
    this.retired = false;
    this.current = this.asking();
  }

  get counts(): EndpointPool['counts'] {
    const { active, idle, pending } = this.current.counts;
    const besides = this.besides?.counts ?? { active: 0, idle: 0, pending: 0 };
    return { active: active + besides.active, idle: idle + besides.idle, pending: pending + besides.pending };
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

  get forUpgrades(): Pool {
    if (this.besides === null) {
      this.besides = this.plain();
      if (this.retired) this.besides.retire();
    }
    return this.besides;
  }

  forget(waiter: ConnectionWaiter): void {
    this.current.forget(waiter);
    this.besides?.forget(waiter);
  }

  retire(): void {
    this.retired = true;
    this.current.retire();
    this.besides?.retire();
  }

  warm(): void {
    this.current.warm();
  }

  /** Offers both, and finds out. */
  private asking(): MultiplexPool {
    const { target, settings, metricsOffset, context, goaways, seats } = this;
    const onHttp1 = (): void => this.change(pool, this.plain());
    const pool: MultiplexPool = new MultiplexPool(target, settings, metricsOffset, context, goaways, onHttp1, seats);
    return pool;
  }

  /** Offers HTTP/1.1 alone. */
  private plain(): Pool {
    const { target, settings, metricsOffset, context, seats } = this;
    const onTurnedAway = (): void => this.change(pool, this.asking());
    const pool: Pool = new Pool(target, settings, metricsOffset, context, onTurnedAway, seats);
    return pool;
  }

  private change(from: MultiplexPool | Pool, to: MultiplexPool | Pool): void {
    // Several connections may find this out at once.
    if (this.current !== from) return;
    this.current = to;
    this.chosenAt = this.context.io.clock.now;
    if (this.retired) to.retire();
    const waiters = from.takeWaiters();
    // What it has idle makes room for them.
    from.retire();
    for (const waiter of waiters) {
      // What another one's answer sets off may have ended its wait.
      if (!waiter.waiting) continue;
      const connection = to.acquire(waiter, false);
      if (connection !== null) waiter.onConnection(connection);
    }
  }
}
