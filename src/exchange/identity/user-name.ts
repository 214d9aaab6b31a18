// Who uses a route, where its users are divided into shares: the consumer, if the caller is one by a credential.

import type { Exchange } from '../exchange.ts';

/** Undefined for everybody else. Strangers who pass as one consumer are many users, and a share must not get all of them or none. */
export function userName({ consumer, identity }: Pick<Exchange, 'consumer' | 'identity'>): string | undefined {
  return identity === null ? undefined : consumer?.name;
}
