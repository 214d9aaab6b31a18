// The configuration of the cors filter. Knows nothing of how exchanges run, nor how origins are compared.

import { z } from 'zod';
import { parseDuration } from '../../base/schema/duration.ts';
import { expected } from '../../base/schema/found.ts';

export const name = 'cors';

export const documentation =
  'Lets web pages of other origins call the route (the CORS protocol of the Fetch standard). The gateway answers preflights itself with 204, and replaces the CORS fields of the upstream. ' +
  'A caller from an origin that is not listed gets no CORS fields: its browser hides the response from the page, and a preflight fails there too. ' +
  'CORS protects users of browsers; it does not keep anyone from calling. Put the filter before those that refuse, so that a page can read their refusals.';

/** Scheme, host with an optional leading `*.`, and optional port. */
const originPattern =
  /^[a-z][a-z0-9+.-]*:\/\/(?:\*\.)?(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/;

const origin = z.string().superRefine((text, context) => {
  const message = originError(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

function originError(text: string): string | undefined {
  if (text === '*') return undefined;
  if (text === 'null') return '`null` is the origin of every sandboxed page, so allowing it allows anyone';
  if (/^[^/]*:\/\/[^/]+\/.*$/.test(text))
    return `an origin has no path: write ${JSON.stringify(text.replace(/^([^/]*:\/\/[^/]+)\/.*$/, '$1'))}`;
  if (/^(?:https:.*:443|http:.*:80)$/.test(text))
    return 'browsers leave the default port out of an origin, so this would never match';
  if (text !== text.toLowerCase()) return `browsers write origins in lower case: ${JSON.stringify(text.toLowerCase())}`;
  if (!originPattern.test(text))
    return 'expected an origin such as https://app.example.com, https://*.example.com or http://localhost:3000, or *';
  return undefined;
}

const token = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected a name that HTTP allows');

export const schema = z
  .strictObject({
    origins: z
      .array(origin)
      .min(1, 'name at least one origin, or "*" for all')
      .describe(
        'Origins whose pages may call: exact, with a wildcard for one or more labels (`https://*.example.com`), or `*` for all.',
      ),
    methods: z
      .array(token)
      .min(1)
      .default(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
      .describe('Methods that pages may use.'),
    headers: z
      .array(token)
      .default(['*'])
      .describe('Request headers that pages may set; `*` allows whichever the page asks for, Authorization too.'),
    exposeHeaders: z
      .array(token)
      .default([])
      .describe('Response headers that pages may read, beside the few that are always readable.'),
    credentials: z
      .boolean()
      .default(false)
      .describe('Whether pages may send cookies and TLS client certificates, and read such answers.'),
    maxAge: z
      .string(expected('whole seconds, minutes or hours such as 600s, 10m or 2h'))
      .regex(/^(0|[1-9][0-9]{0,8})(s|m|h)$/, 'expected whole seconds, minutes or hours such as 600s, 10m or 2h')
      .default('10m')
      .transform(parseDuration)
      .describe(
        'How long browsers may cache a preflight’s response; they limit it to 2 h (Chromium) or 24 h (Firefox).',
      ),
    privateNetwork: z
      .boolean()
      .default(false)
      .describe(
        'Whether pages of the public internet may call this gateway at a private address (Private Network Access).',
      ),
  })
  .refine(({ origins, credentials }) => !(credentials && origins.includes('*')), {
    path: ['credentials'],
    message: 'credentials for every origin (`*`) would let any web page act as its visitor; list the origins',
  });

export type CorsConfig = z.output<typeof schema>;
