// Warns of header values of fixed replies that contain a placeholder, because placeholders are not filled in there.

import type { Problem } from '../config.ts';
import type { CheckedParts } from './check-document.ts';
import { parametersOf } from './path-parameters.ts';
import type { RoutesToCheck } from './routes-to-check.ts';

const placeholder = /\$?\{([A-Za-z][\w.-]*)\}/;

/** Names of the placeholders that redirects and the `headers` filter fill in. */
const filledInElsewhere = /^(?:host|path|query|scheme|method|route|requestId|client\.ip|(?:param|header|cookie)\..+)$/;

/** Returns the warnings about the routes from `from` up to `to`, excluded. */
export function checkReplyHeaders({ routes }: CheckedParts, { from, to }: RoutesToCheck): Problem[] {
  const problems: Problem[] = [];
  for (let at = from; at < to; at++) {
    const route = routes[at];
    if (route === undefined || route.to.kind !== 'reply') continue;
    for (const { name, value } of route.to.reply.headers) {
      const [letters, variable = ''] = placeholder.exec(value) ?? [];
      if (letters === undefined) continue;
      if (!filledInElsewhere.test(variable) && !parametersOf(route.match.path).includes(variable)) continue;
      const message = `${letters} is sent literally: a fixed reply replaces nothing, \`redirect\` and the filter \`headers\` do`;
      problems.push({ path: ['routes', at, 'to', 'reply', 'headers', name], message, severity: 'warning' });
    }
  }
  return problems;
}
