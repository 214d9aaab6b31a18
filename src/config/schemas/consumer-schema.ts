// One element of `consumers`: a caller, and the keys by which it is identified.

import { z } from 'zod';
import type { ConsumerConfig, KeyConfig } from '../config.ts';
import { isCalendarDay } from './calendar-day.ts';
import { consumerName } from './resource-name.ts';

// Because: a message that showed the value found could reveal a key that was pasted in place of its hash.
const hashExpected = 'expected sha256: and 64 hexadecimal digits';
const hash = z
  .string(hashExpected)
  .regex(/^sha256:[0-9a-fA-F]{64}$/, hashExpected)
  .transform(text => text.toLowerCase());

const whenExpected = 'expected a day such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z';

/** A time in milliseconds since 1970. A day without a time ends with its last millisecond in UTC. */
const when = z
  .string(whenExpected)
  .regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}))?$/, {
    error: whenExpected,
    abort: true,
  })
  .refine(text => isCalendarDay(text.slice(0, 10)), whenExpected)
  .transform(text => Date.parse(text.length === 10 ? `${text}T23:59:59.999Z` : text))
  .refine(ms => !Number.isNaN(ms), whenExpected);

const key = z
  .strictObject({
    id: z.string().min(1).max(128).describe('Name of the key, for logs: it is not secret.'),
    hash: hash.describe(
      'SHA-256 of the key, as `sha256:` and 64 hexadecimal digits. The key itself is stored nowhere.',
    ),
    scopes: z.array(z.string().min(1).max(128)).default([]).describe('Scopes of whoever holds the key, for `acl`.'),
    routes: z
      .array(z.string().min(1))
      .min(1, 'a key for no route is no key: write `disabled: true`')
      .optional()
      .describe('Names of the routes that the key is for. Default: all.'),
    plan: z.string().optional().describe('Name of one of the `plans`, instead of the consumer’s.'),
    expires: when
      .optional()
      .describe('When the key ends: `2027-01-31` (the whole day, UTC) or `2027-01-31T12:00:00Z`.'),
    disabled: z.boolean().default(false).describe('Whether the key is refused, as if it did not exist.'),
  })
  .transform(
    ({ id, hash: digest, scopes, routes, plan, expires, disabled }): KeyConfig => ({
      id,
      hash: digest,
      scopes,
      routes: routes ?? null,
      plan: plan ?? null,
      expiresAtMs: expires ?? null,
      disabled,
    }),
  );

export const consumerSchema = z
  .strictObject({
    name: consumerName.describe('Name of the consumer.'),
    plan: z.string().optional().describe('Name of one of the `plans`.'),
    tenant: z.string().min(1).optional().describe('Who the consumer belongs to.'),
    groups: z.array(z.string().min(1).max(128)).default([]).describe('Groups that the consumer is in, for `acl`.'),
    tags: z
      .record(z.string().min(1).max(64), z.string().max(256))
      .default({})
      .describe('Any further text about the consumer, by name.'),
    keys: z.array(key).default([]).describe('API keys of the consumer.'),
  })
  .superRefine(({ keys }, context) => {
    const ids = new Set<string>();
    for (const [at, { id }] of keys.entries()) {
      if (ids.has(id))
        context.addIssue({ code: 'custom', path: ['keys', at, 'id'], message: `the key "${id}" is listed twice` });
      ids.add(id);
    }
  })
  .transform(
    ({ name, plan, tenant, groups, tags, keys }): ConsumerConfig => ({
      name,
      plan: plan ?? null,
      tenant: tenant ?? null,
      groups,
      tags,
      keys,
    }),
  )
  .describe('A caller.');
