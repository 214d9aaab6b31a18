// The certificates above that of a client: who vouches for it, as far as known.

import type { X509Certificate } from 'node:crypto';
import { isSignedBy } from '../../base/signed-by.ts';

/**
 * The certificates above the first one of `chain`, lowest first. A connection supplies them up to the root, but a resumed one may know only
 * the client's own, so the rest is looked up among `authorities`. Null when nobody is known to have signed the client's certificate, or
 * when a link is wrong: Node builds the chain by names, and a client may send any certificate beside those that OpenSSL has verified.
 */
export function signersOf(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): readonly X509Certificate[] | null {
  const [own, ...above] = chain;
  if (own === undefined) return null;
  let last = own;
  for (const issuer of above) {
    if (!isSignedBy(last, issuer)) return null;
    last = issuer;
  }
  for (;;) {
    const issuer = isSignedBy(last, last) ? undefined : authorities.find(authority => isSignedBy(last, authority));
    // Because: authorities may have signed each other.
    if (issuer === undefined || above.includes(issuer)) break;
    above.push(issuer);
    last = issuer;
  }
  return above.length === 0 && !isSignedBy(own, own) ? null : above;
}
