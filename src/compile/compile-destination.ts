// From a route's `to` to where its exchanges go: an upstream, a split, a fixed reply, a redirect.

import { messageOf } from '../base/message-of.ts';
import type { DestinationConfig, Problem } from '../config/config.ts';
import type { Destination, RedirectTemplate } from '../exchange/route.ts';
import type { PathPattern } from '../route/path-pattern.ts';
import { compileTemplate, type Template, TemplateError } from '../route/template.ts';
import { opaqueWord } from '../upstream/affinity.ts';
import { Splitter } from '../upstream/splitter.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** Thousands of routes lead to the same few upstreams. */
const destinations = new WeakMap<Upstream, Destination>();

/** One for all routes that lead to this upstream. */
export function destinationOf(upstream: Upstream): Destination {
  let destination = destinations.get(upstream);
  if (destination === undefined) {
    destination = { kind: 'upstream', upstream };
    destinations.set(upstream, destination);
  }
  return destination;
}

/** `path` leads to `to` in the document. Null, with a problem told, when there is no such destination. */
export function compileDestination(
  to: DestinationConfig,
  pattern: PathPattern,
  upstreams: ReadonlyMap<string, Upstream>,
  path: readonly (string | number)[],
  problems: Problem[],
): Destination | null {
  const fail = (message: string, ...below: (string | number)[]): null => {
    problems.push({ path: [...path, ...below], message, severity: 'error' });
    return null;
  };
  switch (to.kind) {
    case 'upstream': {
      const upstream = upstreams.get(to.upstream);
      return upstream === undefined ? fail(`there is no upstream "${to.upstream}"`) : destinationOf(upstream);
    }
    case 'split': {
      const targets = [];
      for (const [index, { upstream: name, weight }] of to.targets.entries()) {
        const upstream = upstreams.get(name);
        if (upstream === undefined) return fail(`there is no upstream "${name}"`, index);
        targets.push({ value: upstream, weight, key: opaqueWord('split', name) });
      }
      try {
        const byConsumer = to.stickyBy === 'consumer';
        return { kind: 'split', splitter: new Splitter(targets), stickyCookie: to.stickyCookie, byConsumer };
      } catch (error) {
        return fail(messageOf(error));
      }
    }
    case 'reply': {
      const { status, headers, body } = to.reply;
      return { kind: 'reply', reply: { status, headers: headers.map(each => [each.name, each.value]), body } };
    }
    case 'redirect': {
      const template = compileTemplate(to.url, pattern);
      if (template instanceof TemplateError) return fail(template.message, 'redirect', 'url');
      return { kind: 'redirect', location: redirectLocation(template, pattern.paramNames), status: to.status };
    }
  }
}

/** The template as exchange/ asks for it. */
function redirectLocation(template: Template, paramNames: readonly string[]): RedirectTemplate {
  return {
    render: ({ host, path, query, rawValues }) => template.apply({ host, path, query }, { paramNames, rawValues }),
  };
}
