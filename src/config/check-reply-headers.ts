// Warns of header values of fixed replies that contain a placeholder, because placeholders are not filled in there.

import type { CheckedParts } from './check-document.ts';
import type { Problem } from './config.ts';
import { parametersOf } from './path-parameters.ts';

const placeholder = /\$?\{([A-Za-z][\w.-]*)\}/;

/** Names of the placeholders that redirects and the `headers` filter fill in. */
const filledInElsewhere = /^(?:host|path|query|scheme|method|route|requestId|client\.ip|(?:param|header|cookie)\..+)$/;

/** Returns warnings. Checks all routes after every change, because a warning that is not repeated would seem to be resolved. */
export function checkReplyHeaders({ routes }: CheckedParts): Problem[] {
  const problems: Problem[] = [];
  for (let at = 0; at < routes.length; at++) {
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
