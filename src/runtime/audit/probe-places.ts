// Which routes a probe can test, where routes hold at some listeners only or for some clients: a probe leads to one listener, and comes from
// an address that the audit does not know. Sends nothing.

import type { ListenerConfig } from '../../config/config.ts';
import type { AuditedRoute } from './audit-report.ts';
import type { RouterOracle } from './router-oracle.ts';
import type { SampleRequest } from './sample-request.ts';

export interface ProbePlaces {
  /** The routes to probe, with the samples that they take wherever the probe may come from. */
  readonly routes: readonly AuditedRoute[];
  /** Requests that no route takes at the probed listener, with the name of the route that takes them elsewhere. */
  readonly absent: readonly { readonly route: string; readonly request: SampleRequest }[];
  readonly leftOut: readonly LeftOut[];
}

/** A route that is not probed, and why. */
export interface LeftOut {
  readonly route: string;
  readonly reason: string;
}

/** `listener` is the one to which the probe leads; null when it is not known. */
export function probePlaces(
  routes: readonly AuditedRoute[],
  oracle: RouterOracle,
  listener: ListenerConfig | null,
): ProbePlaces {
  const listeners = listener === null ? oracle.listeners : [oracle.known(listener.name ?? '')];
  const places = listeners.flatMap(at => oracle.clients.map(client => ({ listener: at, client })));
  if (places.length === 1 && oracle.listeners.length === 1) return { routes, absent: [], leftOut: [] };
  const probed: AuditedRoute[] = [];
  const absent: { route: string; request: SampleRequest }[] = [];
  const leftOut: LeftOut[] = [];
  for (const route of routes) {
    const [sample] = route.samples;
    if (sample === undefined) continue;
    const takenBy = (request: SampleRequest) =>
      new Set(places.map(place => oracle.routeFor({ ...request, ...place })?.route.name));
    const takers = takenBy(sample);
    const [taker] = takers;
    // A public route has nothing to refuse: of those, only where they must not be is probed.
    if (route.public && (takers.size > 1 || taker !== undefined)) continue;
    if (takers.size > 1) leftOut.push({ route: route.name, reason: whatDecides(listener) });
    else if (taker === undefined) absent.push({ route: route.name, request: { ...sample, ...places[0] } });
    else if (taker !== route.name) leftOut.push({ route: route.name, reason: `there, "${taker}" takes its requests` });
    else {
      const isOwn = (request: SampleRequest) => takenBy(request).isSubsetOf(new Set([route.name]));
      probed.push({ ...route, samples: route.samples.filter(isOwn) });
    }
  }
  return { routes: probed, absent, leftOut };
}

function whatDecides(listener: ListenerConfig | null): string {
  return listener === null
    ? 'the listener or the client decides whether its requests take it; name the listener to which the URL leads with --listener'
    : 'the client’s address decides whether its requests take it';
}
