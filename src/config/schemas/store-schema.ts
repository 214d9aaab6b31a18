// One entry of `stores`: an external server or a file that keeps what gateways share or what has to survive a restart.

import { z } from 'zod';
import { duration } from '../../base/schema/duration.ts';
import type { StoreConfig } from '../store-config.ts';
import { parseStoreUrl, type StorePlace } from './store-url.ts';

const missing = 'this is missing: expected the URL of a store, such as redis://127.0.0.1:6379';

// Because: a message that showed the value found could reveal a password.
const url = z
  .string({ error: ({ input }) => (input === undefined ? missing : 'expected the URL of a store as text') })
  .transform((text, context): StorePlace => {
    const outcome = parseStoreUrl(text);
    if (typeof outcome !== 'string') return outcome;
    context.addIssue({ code: 'custom', message: outcome });
    return z.NEVER;
  });

const keyPrefix = z
  .string()
  .regex(/^[A-Za-z0-9_.:/-]{0,64}$/, 'expected letters, digits and _ . : / -, at most 64 of them')
  .default('cardea:');

export const storeSchema = z
  .strictObject({
    url: url.describe(
      '`redis://[user:password@]host:6379/0`, `rediss://` with TLS, `redis+cluster://host:6379,host:6380`, `rediss+cluster://`, `redis+sentinel://host:26379,host:26380/master` (and `/0` for the database), `rediss+sentinel://`, `postgres://user:password@host:5432/database` (`?sslmode=verify-full` for TLS), `sqlite:state.db` for a file on this machine, relative to this one. Take the password from outside: `${file:/run/secrets/redis}`.',
    ),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe(
        'PEM file of the authorities for the server’s certificate, relative to this file. Default: those that come with Node.js. The file is watched: connections made after a change use the new content.',
      ),
    sentinel: z
      .strictObject({
        username: z.string().min(1).optional().describe('A user of the Sentinels’ own access list, if they have one.'),
        password: z.string().min(1).describe('Password of the Sentinels: `${file:/run/secrets/sentinel}`.'),
      })
      .optional()
      .describe(
        'How to log in to the Sentinels, where they ask for it. User and password in the URL are for the servers that they watch.',
      ),
    keyPrefix: keyPrefix.describe('Prefix of every key in Redis: gateways that share a budget use the same.'),
    connectTimeout: duration.prefault('1s').describe('How long making a connection may take.'),
    commandTimeout: duration
      .prefault('250ms')
      .describe(
        'How long an answer may take before the store counts as away. Requests that must not wait do not wait this long.',
      ),
  })
  .transform(
    ({
      url: { master, ...place },
      ca,
      sentinel,
      keyPrefix: prefix,
      connectTimeout,
      commandTimeout,
    }): Omit<StoreConfig, 'name'> => ({
      ...place,
      ...((master !== '' || sentinel !== undefined) && {
        sentinel: { master, username: sentinel?.username ?? '', password: sentinel?.password ?? '' },
      }),
      ca: ca ?? '',
      keyPrefix: prefix,
      connectTimeoutMs: connectTimeout,
      commandTimeoutMs: commandTimeout,
    }),
  )
  .refine(({ sentinel }) => sentinel?.master !== '', {
    path: ['sentinel'],
    error: 'this is for Sentinels: the URL starts with redis+sentinel:// or rediss+sentinel://',
  })
  .refine(({ ca, tls }) => ca === '' || tls, {
    path: ['ca'],
    error: 'a `ca` is for TLS: the URL starts with rediss:// or says sslmode=verify-full',
  })
  .describe('A store that filters name.');
