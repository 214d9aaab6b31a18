// The concurrency limits of one filter, entered and left together.

import { Fault } from '../../base/fault.ts';
import { KeyedHash } from '../../base/keyed-hash.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { LocalInFlightLimit, LocalInFlightStore } from '../../store/shared-memory/in-flight-table.ts';
import type { KeyedLimit } from './limit-stack.ts';

const hash = new KeyedHash();

export class InFlight {
  /** The name of the limit that refused last, and the fault for its caller. */
  refusedName = '';
  refusal: Fault;
  private readonly bounded: readonly KeyedLimit[];
  private readonly limits: readonly LocalInFlightLimit[];
  private readonly refusals: readonly Fault[];

  constructor(bounded: readonly KeyedLimit[], store: LocalInFlightStore) {
    this.bounded = bounded;
    this.limits = bounded.map(({ place, config: { name, by, concurrency } }) =>
      store.open(`${place} ${name} ${JSON.stringify(by)}`, concurrency!),
    );
    this.refusals = bounded.map(
      ({ config: { name, concurrency } }) =>
        new Fault('rate_limited', `The limit "${name}" allows ${concurrency} requests in progress at once.`),
    );
    this.refusal = this.refusals[0]!;
  }

  /** Takes one ticket per limit. Null when a limit refuses; then no ticket is held. */
  enter(exchange: Exchange): number[] | null {
    const { bounded, limits } = this;
    const tickets: number[] = [];
    for (let i = 0; i < limits.length; i++) {
      const limit = limits[i]!;
      bounded[i]!.key.hash(hash, limit.hashKeys[0]!, limit.hashKeys[1]!, exchange);
      const ticket = limit.enter(hash.low, hash.high);
      if (ticket !== -1) {
        tickets.push(ticket);
        continue;
      }
      this.leave(tickets);
      this.refusal = this.refusals[i]!;
      this.refusedName = bounded[i]!.config.name;
      return null;
    }
    return tickets;
  }

  /** Gives back the tickets of `enter`, in the same order. */
  leave(tickets: readonly number[]): void {
    for (let i = 0; i < tickets.length; i++) this.limits[i]!.leave(tickets[i]!);
  }
}
