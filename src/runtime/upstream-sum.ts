// What several workers tell of the same upstreams, added up. Asks nobody.

import type { EndpointState, UpstreamState } from './messages.ts';

interface Sum {
  readonly first: UpstreamState;
  queued: number;
  readonly endpoints: Map<string, EndpointState>;
}

/** Counts of an endpoint are summed; it is available when one worker at least may use it. */
export function addUpstreamStates(ofWorkers: readonly (readonly UpstreamState[])[]): UpstreamState[] {
  const sums = new Map<string, Sum>();
  for (const state of ofWorkers.flat()) {
    let upstream = sums.get(state.name);
    if (upstream === undefined) {
      // What is not counted is the same on every worker: they share it.
      upstream = { first: state, queued: state.concurrency?.queued ?? 0, endpoints: new Map() };
      sums.set(state.name, upstream);
    }
    if (upstream.first !== state && state.concurrency !== undefined) upstream.queued += state.concurrency.queued;
    for (const endpoint of state.endpoints) {
      const known = upstream.endpoints.get(endpoint.url);
      upstream.endpoints.set(endpoint.url, known === undefined ? endpoint : added(known, endpoint));
    }
  }
  return Array.from(sums.values(), ({ first, queued, endpoints }) => ({
    ...first,
    ...(first.concurrency !== undefined && { concurrency: { ...first.concurrency, queued } }),
    endpoints: [...endpoints.values()],
  }));
}

function added(a: EndpointState, b: EndpointState): EndpointState {
  return {
    ...a,
    available: a.available || b.available,
    // Of all workers already; each looked at another moment.
    inFlight: Math.max(a.inFlight, b.inFlight),
    active: a.active + b.active,
    idle: a.idle + b.idle,
    pending: a.pending + b.pending,
  };
}
