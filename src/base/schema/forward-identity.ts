// The `forward` setting of identity filters: what the upstream learns about the caller. src/exchange writes the headers.

import { z } from 'zod';
import { forwardingField } from './forwarding-field.ts';

const ownOrFraming =
  /^(host|connection|transfer-encoding|content-length|te|trailer|upgrade|keep-alive|proxy-.*|http2-settings|expect|cookie|traceparent|tracestate|x-real-ip|x-request-id|x-consumer-.*)$/i;

const claimHeader = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,127}$/, 'a header for a claim is letters, digits and hyphens')
  .refine(
    name => !ownOrFraming.test(name) && !forwardingField.test(name),
    'the gateway writes this field itself, or it frames the message',
  );

const claimPath = z
  .string()
  .min(1)
  .max(256)
  .describe('A claim, or a path into one with dots between: `realm_access.roles`.');

/** One schema for all identity filters. `claims` has no effect where the credential carries no claims. */
export const forwardIdentity = z
  .strictObject({
    consumer: z
      .enum(['plain', 'signed', 'off'])
      .default('plain')
      .describe(
        'The caller: `plain` sends X-Consumer-Name, -Tenant, -Plan, -Groups, -Subject, -Scopes and -By; `signed` sends all of it as one signed token in X-Consumer-Token; `off` sends nothing.',
      ),
    key: z
      .string()
      .min(32, 'a signing key has at least 32 characters')
      .optional()
      .describe('Secret for `signed`: the token is a JWT with HS256. Write it as `${env:NAME}` or `${file:PATH}`.'),
    claims: z
      .record(claimHeader, claimPath)
      .default({})
      .describe(
        'Header fields by name, each with the claim that it contains: lists are joined with commas, maps are JSON. An absent claim sets nothing.',
      ),
    keepCredential: z
      .boolean()
      .default(true)
      .describe('Whether the upstream gets the credential itself. `false` removes it from the request.'),
  })
  .refine(({ consumer, key }) => (consumer === 'signed') === (key !== undefined), {
    path: ['key'],
    message: '`consumer: signed` and `key` belong together',
  })
  .prefault({})
  .describe(
    'What the upstream gets about the caller. No client can send these fields: they are removed on arrival, on every route.',
  );

export type ForwardIdentityConfig = z.output<typeof forwardIdentity>;
