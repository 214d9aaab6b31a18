// The `from` setting of identity filters: where in a request the filter looks for the credential. src/exchange does the reading.

import { z } from 'zod';

/** `name` is in lower case for a header, as written for a cookie or query parameter, and empty for `bearer`. */
export interface CredentialPlace {
  readonly kind: 'bearer' | 'header' | 'cookie' | 'query';
  readonly name: string;
}

const token = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, 'expected a name that HTTP allows');

/** In lower case. `cookie` holds many values, and the others frame the message. */
const withoutCredential = ['cookie', 'host', 'content-length', 'transfer-encoding'];

/** One place. `wholeAuthorization` also allows Authorization as a field that holds the credential alone, without a scheme. */
function placeSchema(wholeAuthorization: boolean) {
  const wrong = wholeAuthorization ? withoutCredential : [...withoutCredential, 'authorization'];
  const instead = wholeAuthorization ? '' : '`bearer` for Authorization and ';
  const header = token.refine(name => !wrong.includes(name.toLowerCase()), {
    message: `write ${instead}\`{ cookie: NAME }\` for a cookie; other fields that frame the message hold no credential`,
  });
  return z.union(
    [
      z.literal('bearer'),
      z.strictObject({ header: header.describe('Name of a header field that contains only the credential.') }),
      z.strictObject({ cookie: token.describe('Name of a cookie.') }),
      z.strictObject({
        query: token.describe('Name of a query parameter. It appears in the logs of proxies in front.'),
      }),
    ],
    { error: 'expected bearer, { header: NAME }, { cookie: NAME } or { query: NAME }' },
  );
}

type Place = ReturnType<typeof placeSchema>;

/** The schema for a list of places. The first place that contains something supplies the credential. `standard` is the default. */
export function credentialPlaces(standard: readonly z.input<Place>[], { wholeAuthorization = false } = {}) {
  const more = wholeAuthorization ? ' `{ header: authorization }` is the whole field, without a scheme in front.' : '';
  return z
    .array(placeSchema(wholeAuthorization))
    .min(1, 'name at least one place')
    .default([...standard])
    .transform(places => places.map(asPlace))
    .describe(
      `Where the filter looks for the credential: \`bearer\` (the Authorization header), \`{ header: NAME }\`, \`{ cookie: NAME }\`, \`{ query: NAME }\`. The first place that contains something counts.${more}`,
    );
}

function asPlace(written: z.output<Place>): CredentialPlace {
  if (written === 'bearer') return { kind: 'bearer', name: '' };
  if ('header' in written) return { kind: 'header', name: written.header.toLowerCase() };
  return 'cookie' in written ? { kind: 'cookie', name: written.cookie } : { kind: 'query', name: written.query };
}
