// What a dry run would have refused, for the operator: one line in ten seconds at most, with how many it speaks for.

import type { FilterServices } from '../../exchange/filter.ts';

const EVERY_MS = 10_000;

export class DryRunLog {
  private readonly services: FilterServices;
  private readonly counts = new Map<string, number>();
  private nextAt = 0;

  constructor(services: FilterServices) {
    this.services = services;
  }

  /** A request that this limit would have refused. */
  note(limit: string): void {
    const { counts } = this;
    counts.set(limit, (counts.get(limit) ?? 0) + 1);
    const { worker, routeName } = this.services;
    const { now } = worker.clock;
    if (now < this.nextAt) return;
    this.nextAt = now + EVERY_MS;
    for (const [name, requests] of counts) {
      worker.log('info', 'rateLimit would have refused requests', { route: routeName || 'all', limit: name, requests });
    }
    counts.clear();
  }
}
