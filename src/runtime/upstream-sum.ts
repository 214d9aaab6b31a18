// Adds up what several workers report about the same upstreams. Asks no worker itself.

import type { EndpointState, UpstreamState } from './messages.ts';

interface Sum {
  readonly first: UpstreamState;
  queued: number;
  readonly endpoints: Map<string, EndpointState>;
}

/** Connection counts of an endpoint are summed; the endpoint is available when at least one worker may use it. */
export function addUpstreamStates(ofWorkers: readonly (readonly UpstreamState[])[]): UpstreamState[] {
  const sums = new Map<string, Sum>();
  for (const state of ofWorkers.flat()) {
    let upstream = sums.get(state.name);
    if (upstream === undefined) {
      // States that are not counts are the same on every worker, because the workers share them.
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
    // Each worker reports the count of all workers, read at a slightly different time.
    inFlight: Math.max(a.inFlight, b.inFlight),
    active: a.active + b.active,
    idle: a.idle + b.idle,
    pending: a.pending + b.pending,
  };
}
