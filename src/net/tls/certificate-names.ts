// Which certificate of a listener is for which name: each name may have only one, or it would be unclear which one is shown.

import type { CertificatePair, TlsProblem } from './tls-material.ts';

/** A certificate with its key, and the place in the document that names it. */
export interface PlacedPair {
  readonly pair: CertificatePair;
  readonly at: readonly (string | number)[];
}

/**
 * Only if all certificates are for the same names may there be one for each kind of key, since OpenSSL then chooses by what the client
 * supports.
 */
export function nameProblems(found: readonly PlacedPair[]): TlsProblem[] {
  const problems: TlsProblem[] = [];
  const sameNames = found.every(({ pair }) => pair.names.join() === found[0]?.pair.names.join());
  const firstOf = new Map<string, CertificatePair>();
  for (const { pair, at } of found) {
    if (pair.names.length === 0 && found.length > 1) {
      const message = `${pair.file} has no DNS name, so it is used only for clients that ask for none of the other names`;
      problems.push({ path: at, message, severity: 'warning' });
    }
    for (const name of pair.names) {
      const key = sameNames ? `${name} ${pair.kind}` : name;
      const first = firstOf.get(key);
      if (first === undefined) firstOf.set(key, pair);
      else {
        const way =
          first.kind === pair.kind
            ? ''
            : '; RSA and ECDSA side by side need a listener whose certificates all have the same names';
        const message = `${pair.file} and ${first.file} are both for ${name}: expected one certificate per name${way}`;
        problems.push({ path: at, message, severity: 'error' });
        break;
      }
    }
  }
  return problems;
}
