// Logs what a dry run would have refused: at most once in ten seconds, with the number of requests for each limit.

import type { FilterServices } from '../../exchange/filter.ts';

const EVERY_MS = 10_000;

export class DryRunLog {
  private readonly services: FilterServices;
  private readonly counts = new Map<string, number>();
  private nextAt = 0;

  constructor(services: FilterServices) {
    this.services = services;
  }

  /** Counts a request that this limit would have refused, and logs when due. */
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
