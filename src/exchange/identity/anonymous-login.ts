// What a caller without a credential passes as, where a filter names a consumer for such callers. Nobody has proved anything by it.

import type { Identity } from './consumer.ts';
import { Login } from './login.ts';

/**
 * Only for what the upstream is told. `exchange.identity` stays null: whoever asks there for a proof, such as a rule of `acl` for a scope,
 * finds none.
 */
const anonymous: Identity = { by: 'anonymous', subject: '', keyId: '', scopes: [], claims: null };

export function anonymousLogin(consumer: string): Login {
  return new Login(anonymous, consumer);
}
