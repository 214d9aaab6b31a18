// The configuration of the basic filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import { parsePasswordHash, passwordHashExpected, passwordHashProblem } from '../../base/password-hash.ts';
import type { CallerPart } from '../../base/schema/caller-part.ts';
import { duration } from '../../base/schema/duration.ts';
import { failedLogins } from '../../base/schema/failed-logins.ts';
import type { FilterSurroundings } from '../../base/schema/filter-surroundings.ts';
import { forwardIdentity } from '../../base/schema/forward-identity.ts';
import { missingConsumers } from '../../base/schema/listed-consumers.ts';
import { optionalLogin } from '../../base/schema/optional-login.ts';

export const name = 'basic';

/** This filter identifies the caller. */
export const identifies = true;

export const documentation =
  'Identifies the caller by user and password (RFC 7617), which are checked against argon2id or scrypt hashes that `cardea password` makes. Checking a hash takes tens of milliseconds on ' +
  'purpose: it is done off the event loop, a few at once, and a successful login is remembered for a while, so that the next requests cost nothing. ' +
  'Unless the upstream needs the password, remove it: `forward: { keepCredential: false }`. ' +
  'Refusals: 401 `credentials_missing` or `credentials_invalid`, and 503 `identity_unavailable` when too many logins wait.';

// Because: a message that showed the value could show a password that was written in place of its hash.
const password = z.string({ error: passwordHashExpected }).superRefine((text, context) => {
  if (parsePasswordHash(text) === null) context.addIssue({ code: 'custom', message: passwordHashProblem(text) });
});

// Because: a message that showed the value could show the password in `name:password`.
const userForm = 'a user is a map: { name: ann, password: HASH }, with a hash that `cardea password` prints';

const user = z.strictObject(
  {
    name: z
      .string()
      .regex(/^[^:\x00-\x1f\x7f]{1,128}$/, 'expected a name without a colon, at most 128 characters')
      .describe('The user’s name.'),
    password: password.describe('Hash of the password, as `cardea password` prints it.'),
    consumer: z
      .string()
      .min(1)
      .optional()
      .describe('Name of one of the `consumers`. Default: none, only the user’s name is known.'),
    scopes: z.array(z.string().min(1).max(128)).default([]).describe('Scopes of the user, for `acl`.'),
  },
  { error: ({ code }) => (code === 'invalid_type' ? userForm : undefined) },
);

export const schema = z
  .strictObject({
    users: z.array(user).min(1, 'name at least one user').describe('Who may log in.'),
    realm: z
      .string()
      .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'expected printable ASCII without quotes and backslashes')
      .default('cardea')
      .describe('What browsers show when they ask for the password.'),
    checksAtOnce: z.int().min(1).max(16).default(2).describe('Passwords that a worker checks at the same time.'),
    checksWaiting: z
      .int()
      .min(0)
      .max(10_000)
      .default(32)
      .describe('Passwords that may wait to be checked; beyond it 503 `identity_unavailable`.'),
    cachedLogins: z.int().min(2).max(1_000_000).default(1_000).describe('Logins that a worker remembers.'),
    cacheFor: duration.prefault('10m').describe('How long a successful login is remembered.'),
    failedLogins,
    forward: forwardIdentity,
    optional: optionalLogin,
  })
  .superRefine(({ users }, context) => {
    const names = new Set<string>();
    for (const [at, { name: each }] of users.entries()) {
      if (names.has(each))
        context.addIssue({ code: 'custom', path: ['users', at, 'name'], message: 'this user is listed twice' });
      names.add(each);
    }
  });

export type BasicConfig = z.output<typeof schema>;

/** What this filter can make known of a caller. */
export function makesKnown({ users }: BasicConfig): readonly CallerPart[] {
  return users.some(({ consumer }) => consumer !== undefined) ? ['consumer'] : [];
}

/** Users of consumers that do not exist. */
export function placeProblems({ users }: BasicConfig, around: FilterSurroundings) {
  return missingConsumers('users', users, around);
}
