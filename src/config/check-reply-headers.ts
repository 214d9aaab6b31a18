// Header values of fixed replies that look as though something were filled in: nothing is.

import type { CheckedParts } from './check-document.ts';
import type { Problem } from './config.ts';
import { parametersOf } from './path-parameters.ts';

const place = /\$?\{([A-Za-z][\w.-]*)\}/;

/** What redirects and the `headers` filter fill in. */
const filledInElsewhere = /^(?:host|path|query|scheme|method|route|requestId|client\.ip|(?:param|header|cookie)\..+)$/;

/** Warnings. All routes are looked at, since what is not told of again after a change would seem to be mended. */
export function checkReplyHeaders({ routes }: CheckedParts): Problem[] {
  const problems: Problem[] = [];
  for (let at = 0; at < routes.length; at++) {
    const route = routes[at];
    if (route === undefined || route.to.kind !== 'reply') continue;
    for (const { name, value } of route.to.reply.headers) {
      const [letters, variable = ''] = place.exec(value) ?? [];
      if (letters === undefined) continue;
      if (!filledInElsewhere.test(variable) && !parametersOf(route.match.path).includes(variable)) continue;
      const message = `${letters} is sent literally: a fixed reply replaces nothing, \`redirect\` and the filter \`headers\` do`;
      problems.push({ path: ['routes', at, 'to', 'reply', 'headers', name], message, severity: 'warning' });
    }
  }
  return problems;
}
