// The configuration of the forwardAuth filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import type { CallerPart } from '../../base/schema/caller-part.ts';
import { duration, durationOrZero } from '../../base/schema/duration.ts';
import { forwardIdentity } from '../../base/schema/forward-identity.ts';
import { forwardingField } from '../../base/schema/forwarding-field.ts';
import { serverUrl } from '../../base/schema/server-url.ts';

export const name = 'forwardAuth';

/** This filter identifies the caller. */
export const identifies = true;

export const documentation =
  'Lets an external service decide, like Traefik’s ForwardAuth and nginx’s auth_request. The service gets the fields of `send` and X-Forwarded-Method, -Proto, -Host, -Uri and -For; ' +
  'the body of the request is not sent. On 2xx the request passes, with the fields of `copy` from the service’s response added for the upstream; clients cannot send those themselves. Its `Set-Cookie` goes to the client, so that a login can be renewed. ' +
  'Any other response below 500 is given to the client as it is, such as a redirect to a login page or a 401 with its challenge; gRPC calls get the matching gRPC status. On 5xx, a timeout or a response that cannot be read the client gets 503 `identity_unavailable`, ' +
  'unless `onFailure: open` is set. Decisions are kept for `cache.for` by the values of `cache.by`, refusals also by the values of `send`; requests that wait for the same decision share one call. ' +
  'A refusal that sets a cookie is given to one request only. ' +
  'With `warmUp` a connection to the upstream is prepared while the service decides; the upstream gets no byte of the request before the decision.';

const fieldName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, 'expected a name that HTTP allows');
const fields = z.array(fieldName.transform(text => text.toLowerCase()));

const framing =
  /^(host|connection|transfer-encoding|content-length|te|trailer|upgrade|keep-alive|proxy-.*|http2-settings|expect|cookie|authorization)$/;

/**
 * Fields that the gateway writes itself in the request to the service, or that concern the body and the connection of the client's request.
 */
const notSent =
  /^(host|connection|transfer-encoding|content-length|te|trailer|upgrade|keep-alive|proxy-connection|http2-settings|expect|x-forwarded-(method|proto|host|uri|for))$/;

/** Fields that do not say who the caller is. */
const tellsNobody = /^(accept(-.*)?|user-agent|x-requested-with|referer|origin|sec-fetch-.*)$/;

/** A list of field names, none of which may match one of `wrong`. In the message, `because` follows the name and says why not. */
function fieldsWithout(wrong: readonly RegExp[], because: string) {
  return fields.superRefine((names, context) => {
    for (const [at, field] of names.entries()) {
      if (wrong.some(each => each.test(field)))
        context.addIssue({ code: 'custom', path: [at], message: `${field} ${because}` });
    }
  });
}

export const schema = z
  .strictObject({
    url: serverUrl.describe('URL of the service: `http://127.0.0.1:4180/verify`. Its own query is kept.'),
    method: z
      .enum(['GET', 'HEAD', 'POST'])
      .default('GET')
      .describe('Method of the request to the service. It has no body.'),
    send: fieldsWithout(
      [notSent],
      'is set by the gateway in the request to the service: the client’s own would contradict it, or end that request early',
    )
      .default(['authorization', 'cookie', 'accept', 'user-agent', 'x-requested-with'])
      .describe('Fields of the request that the service gets.'),
    copy: fieldsWithout(
      [framing, forwardingField],
      'frames the message, tells its way or is the client’s own, and cannot be copied',
    )
      .default([])
      .describe(
        'Fields of its response that the upstream gets, such as `x-user`. Removed from every request on arrival.',
      ),
    subject: fieldName
      .transform(text => text.toLowerCase())
      .optional()
      .describe('Field of its response that names the caller, for logs and limits.'),
    consumer: fieldName
      .transform(text => text.toLowerCase())
      .optional()
      .describe('Field of its response that names one of the `consumers`.'),
    timeout: duration.prefault('2s').describe('How long an answer may take, its body included.'),
    connections: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe('Requests to the service in progress at once in one worker; more wait.'),
    answerSize: z
      .int()
      .min(1)
      .max(1_048_576)
      .default(65_536)
      .describe('Bytes of a refusal’s body that are passed on; a larger response counts as a failure.'),
    onFailure: z
      .enum(['closed', 'open'])
      .default('closed')
      .describe(
        'What happens to requests while the service is away: `closed` refuses them with 503, `open` lets them pass unidentified.',
      ),
    cache: z
      .strictObject({
        for: durationOrZero.prefault('0s').describe('How long a verdict holds; `0s` asks for every request.'),
        by: fields
          .min(1, 'name the fields that a verdict depends on')
          .default(['authorization', 'cookie'])
          .describe(
            'Request fields that a verdict depends on. Method, host, path and the client’s address count as well, unless `anyPath` is set.',
          ),
        anyPath: z
          .boolean()
          .default(false)
          .describe(
            'The service looks only at the caller: a verdict holds for every method, host and path, and from every address.',
          ),
        entries: z
          .int()
          .min(1)
          .max(10_000_000)
          .default(10_000)
          .describe(
            'Admissions cached in one worker, and as many refusals beside them, which take 8 MiB at most; the oldest are dropped first.',
          ),
      })
      .prefault({})
      .describe('Caching of verdicts.'),
    warmUp: z.boolean().default(false).describe('Prepare a connection to the upstream while the service decides.'),
    forward: forwardIdentity,
  })
  .superRefine(({ send, cache, forward }, context) => {
    if (!forward.keepCredential)
      context.addIssue({
        code: 'custom',
        path: ['forward', 'keepCredential'],
        message:
          'only the service knows which fields hold a credential, so none would be removed: use `headers: { request: { remove: [...] } }` after this filter',
      });
    if (cache.for === 0) return;
    // Because: a verdict that depends on a field which is not in its key would also be given to callers without that field.
    for (const field of send.filter(each => !tellsNobody.test(each) && !cache.by.includes(each))) {
      context.addIssue({
        code: 'custom',
        path: ['cache', 'by'],
        message: `the service sees ${field}, so its decision may depend on it: list it here, or remove it from \`send\``,
      });
    }
  });

export type ForwardAuthConfig = z.output<typeof schema>;

/** What this filter can make known of a caller. */
export function makesKnown({ consumer }: ForwardAuthConfig): readonly CallerPart[] {
  return consumer === undefined ? [] : ['consumer'];
}
