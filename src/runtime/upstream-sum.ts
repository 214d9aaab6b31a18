// What several workers tell of the same upstreams, added up. Asks nobody.

import type { EndpointState, UpstreamState } from './messages.ts';

/** Counts of an endpoint are summed; it is available when one worker at least may use it. */
export function addUpstreamStates(ofWorkers: readonly (readonly UpstreamState[])[]): UpstreamState[] {
  const sums = new Map<string, { readonly first: UpstreamState; readonly endpoints: Map<string, EndpointState> }>();
  for (const state of ofWorkers.flat()) {
    let upstream = sums.get(state.name);
    if (upstream === undefined) {
      // What is not counted is the same on every worker: they share it.
      upstream = { first: state, endpoints: new Map() };
      sums.set(state.name, upstream);
    }
    for (const endpoint of state.endpoints) {
      const known = upstream.endpoints.get(endpoint.url);
      upstream.endpoints.set(endpoint.url, known === undefined ? endpoint : added(known, endpoint));
    }
  }
  return Array.from(sums.values(), ({ first, endpoints }) => ({ ...first, endpoints: [...endpoints.values()] }));
}

function added(a: EndpointState, b: EndpointState): EndpointState {
  return {
    ...a,
    available: a.available || b.available,
    inFlight: a.inFlight + b.inFlight,
    active: a.active + b.active,
    idle: a.idle + b.idle,
    pending: a.pending + b.pending,
  };
}
