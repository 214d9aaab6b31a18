// The configuration of the httpsRedirect filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import type { PlaceProblem } from '../../base/schema/place-problem.ts';

export const name = 'httpsRedirect';

export const documentation =
  'Redirects requests in plain text to `https`, at the same host, path and query; nothing of them goes upstream. Requests over TLS pass. Put it first in the global chain, so that it holds for all routes. ' +
  'Behind a proxy or balancer that ends TLS, that one has to send X-Forwarded-Proto and to be in `trustedProxies`: otherwise every request seems to be in plain text, and is redirected forever.';

export const schema = z.strictObject({
  status: z
    .literal([301, 302, 307, 308])
    .default(308)
    .describe('301, 302, 307 or 308. With 301 and 302 clients may change a POST to a GET.'),
  port: z.int().min(1).max(65_535).default(443).describe('The port at which clients reach the gateway over TLS.'),
  except: z
    .strictObject({
      routes: z
        .array(z.string())
        .default([])
        .describe('Names of routes that are also served in plain text, such as one for health checks.'),
    })
    .prefault({})
    .describe('What is not redirected.'),
});

export type HttpsRedirectConfig = z.output<typeof schema>;

/** Reports exceptions for routes that do not exist: a misspelt one would go on being redirected. */
export function placeProblems(
  { except }: HttpsRedirectConfig,
  { routes }: { readonly routes: ReadonlySet<string> },
): PlaceProblem[] {
  return except.routes.flatMap((route, at): PlaceProblem[] =>
    routes.has(route)
      ? []
      : [{ path: ['except', 'routes', at], message: `there is no route "${route}"`, absentFrom: 'routes' }],
  );
}
