// One element of `consumers`: somebody who calls, and by which keys that shows.

import { z } from 'zod';
import type { ConsumerConfig } from './config.ts';
import { resourceName } from './resource-name.ts';

// Because: a message that showed what was found could show a key that was pasted in place of its hash.
const hash = z
  .string()
  .regex(/^sha256:[0-9a-fA-F]{64}$/, 'expected sha256: and 64 hexadecimal digits')
  .transform(text => text.toLowerCase());

const key = z.strictObject({
  id: z.string().min(1).max(128).describe('Name of the key, for logs: it is not secret.'),
  hash: hash.describe('SHA-256 of the key, as `sha256:` and 64 hexadecimal digits. The key itself is written nowhere.'),
});

export const consumerSchema = z
  .strictObject({
    name: resourceName.describe('Name of the consumer.'),
    plan: z.string().optional().describe('Name of one of the `plans`.'),
    tenant: z.string().min(1).optional().describe('Who the consumer belongs to.'),
    groups: z.array(z.string().min(1).max(128)).default([]).describe('Groups that the consumer is in, for `acl`.'),
    tags: z
      .record(z.string().min(1).max(64), z.string().max(256))
      .default({})
      .describe('Free words about the consumer.'),
    keys: z.array(key).default([]).describe('API keys by which the consumer is known.'),
  })
  .superRefine(({ keys }, context) => {
    const ids = new Set<string>();
    for (const [at, { id }] of keys.entries()) {
      if (ids.has(id))
        context.addIssue({ code: 'custom', path: ['keys', at, 'id'], message: `the key "${id}" stands here twice` });
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
  .describe('Somebody who calls.');
