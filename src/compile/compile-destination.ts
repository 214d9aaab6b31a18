// Compiles a route's `to` to the destination of its exchanges: an upstream, a split, a fixed reply or a redirect.

import { messageOf } from '../base/message-of.ts';
import type { DestinationConfig } from '../config/config.ts';
import type { Destination, RedirectTemplate } from '../exchange/route.ts';
import type { PathPattern } from '../route/path-pattern.ts';
import { compileTemplate, type Template, TemplateError } from '../route/template.ts';
import { opaqueToken } from '../upstream/affinity.ts';
import { Splitter } from '../upstream/splitter.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { compileReply } from './compile-reply.ts';
import { upstreamNamed } from './compile-upstreams.ts';
import type { Report } from './report.ts';

/** Destinations by upstream, shared because thousands of routes lead to the same few upstreams. */
const destinations = new WeakMap<Upstream, Destination>();

/** The one destination for all routes that lead to this upstream. */
export function destinationOf(upstream: Upstream): Destination {
  let destination = destinations.get(upstream);
  if (destination === undefined) {
    destination = { kind: 'upstream', upstream };
    destinations.set(upstream, destination);
  }
  return destination;
}

/** Null, with a problem reported, when the destination is invalid. */
export function compileDestination(
  to: DestinationConfig,
  pattern: PathPattern,
  upstreams: ReadonlyMap<string, Upstream>,
  report: Report,
): Destination | null {
  switch (to.kind) {
    case 'upstream': {
      const upstream = upstreamNamed(to.upstream, upstreams, report);
      return upstream === null ? null : destinationOf(upstream);
    }
    case 'split': {
      const targets = [];
      for (const [index, { upstream: name, weight }] of to.targets.entries()) {
        const upstream = upstreamNamed(name, upstreams, report.at(index));
        if (upstream === null) return null;
        targets.push({ value: upstream, weight, key: opaqueToken('split', name) });
      }
      try {
        const byConsumer = to.stickyBy === 'consumer';
        return { kind: 'split', splitter: new Splitter(targets), stickyCookie: to.stickyCookie, byConsumer };
      } catch (error) {
        return report.fail(messageOf(error));
      }
    }
    case 'reply':
      return { kind: 'reply', reply: compileReply(to.reply) };
    case 'redirect': {
      const template = compileTemplate(to.url, pattern);
      if (template instanceof TemplateError) return report.at('redirect', 'url').fail(template.message);
      return { kind: 'redirect', location: redirectLocation(template, pattern.paramNames), status: to.status };
    }
  }
}

/** Adapts a template to the interface that exchange/ uses. */
function redirectLocation(template: Template, paramNames: readonly string[]): RedirectTemplate {
  return {
    render: ({ host, path, query, rawValues }) => template.apply({ host, path, query }, { paramNames, rawValues }),
  };
}
