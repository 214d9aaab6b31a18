// Who vouches for a client: the certificates above its own, as far as they are known.

import type { X509Certificate } from 'node:crypto';
import { isSignedBy } from '../../base/signed-by.ts';

/**
 * Those above the first one, lowest first. A connection tells them, up to the root; a resumed one may know none but the client's own, so that
 * the rest is looked for among `authorities`. Null where nobody is known who signed the client's, or a link is wrong: Node puts a chain together by
 * names, and a client may send whom it likes beside those that OpenSSL has verified.
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
