// What several workers tell of the same upstreams, added up. Asks nobody.

import type { EndpointState, UpstreamState } from './messages.ts';

/** Counts of an endpoint are summed; it is available when one worker at least may use it. */
export function addUpstreamStates(ofWorkers: readonly (readonly UpstreamState[])[]): UpstreamState[] {
  const sums = new Map<string, Map<string, EndpointState>>();
  for (const { name, endpoints } of ofWorkers.flat()) {
    let upstream = sums.get(name);
    if (upstream === undefined) {
      upstream = new Map();
      sums.set(name, upstream);
    }
    for (const endpoint of endpoints) {
      const known = upstream.get(endpoint.url);
      upstream.set(endpoint.url, known === undefined ? endpoint : added(known, endpoint));
    }
  }
  return Array.from(sums, ([name, endpoints]) => ({ name, endpoints: [...endpoints.values()] }));
}

function added(a: EndpointState, b: EndpointState): EndpointState {
  return {
    ...a,
    available: a.available || b.available,
    active: a.active + b.active,
    idle: a.idle + b.idle,
    pending: a.pending + b.pending,
  };
}
