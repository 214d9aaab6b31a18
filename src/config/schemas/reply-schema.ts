// A fixed reply of a route: `{ reply: { status, headers, body } }`.

import { z } from 'zod';
import { expected, found } from '../../base/schema/found.ts';
import type { ReplyConfig } from '../config.ts';

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const withoutBody = new Set([204, 205, 304]);

/** Fields that the gateway writes itself, because they determine where the message ends or how long the connection lives. */
const framing = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'trailer',
  'upgrade',
  'te',
]);

const headerName = z.string().superRefine((name, context) => {
  const message = !token.test(name)
    ? `expected a header name, found ${found(name)}`
    : framing.has(name.toLowerCase())
      ? `${name} is written by the gateway itself`
      : undefined;
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

const headerValue = z
  .string(expected('text, in quotes where it looks like a number'))
  .regex(/^[^\x00-\x08\x0a-\x1f\x7f]*$/, 'a header value holds no control characters');

const headers = z
  .record(headerName, headerValue, expected('a map of header names and values'))
  .superRefine((fields, context) => {
    const seen = new Map<string, string>();
    for (const name of Object.keys(fields)) {
      const first = seen.get(name.toLowerCase());
      seen.set(name.toLowerCase(), name);
      if (first === undefined) continue;
      const message = `${name} is the same header as ${first}: names differ only by case`;
      context.addIssue({ code: 'custom', path: [name], message });
    }
  });

export const replySchema = z
  .strictObject({
    status: z.int().min(200).max(599).default(200).describe('Status, 200 to 599.'),
    headers: headers.default({}).describe('Header fields.'),
    body: z.string(expected('text')).default('').describe('Body, sent as UTF-8.'),
  })
  .superRefine(({ status, body }, context) => {
    if (body === '' || !withoutBody.has(status)) return;
    context.addIssue({ code: 'custom', path: ['body'], message: `an answer with status ${status} has no body` });
  })
  .transform(
    ({ status, headers, body }): ReplyConfig => ({
      status,
      headers: Object.entries(headers).map(([name, value]) => ({ name: name.toLowerCase(), value })),
      body,
    }),
  );
