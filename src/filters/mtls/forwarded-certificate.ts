// Parses X-Forwarded-Client-Cert as Envoy documents it: one element with fields, optionally quoted. The filter decides whether to believe
// it.

import type { CertificateFacts } from './client-rules.ts';

const LENGTH_MAX = 16_384;

/** A field of an element: name, `=`, a quoted or plain value, and what follows it. */
const field = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^;,"]*))(;|,|$)/y;

/**
 * The certificate that the text describes. Null for a text that is malformed, describes several certificates (then it is unclear which is
 * the caller's), or describes none.
 */
export function parseForwardedCertificate(text: string): CertificateFacts | null {
  const fields = text.length > LENGTH_MAX ? null : fieldsOf(text);
  if (fields === null) return null;
  const { hash, subject, uri, dns } = fields;
  if (hash.length > 1 || subject.length > 1) return null;
  const fingerprint = (hash[0] ?? '').toLowerCase();
  if (fingerprint !== '' && !/^[0-9a-f]{64}$/.test(fingerprint)) return null;
  if (hash.length + subject.length + uri.length + dns.length === 0) return null;
  const spiffe = uri.filter(each => each.startsWith('spiffe://'));
  return {
    subject: subject[0] ?? '',
    dnsNames: dns,
    uris: uri,
    emails: [],
    spiffeId: spiffe.length === 1 && uri.length === 1 ? spiffe[0]! : '',
    fingerprint,
  };
}

/** The values of the fields that count, each in the order of the text; null when the text is not one element. */
function fieldsOf(text: string): Readonly<Record<'hash' | 'subject' | 'uri' | 'dns', readonly string[]>> | null {
  const [hash, subject, uri, dns]: [string[], string[], string[], string[]] = [[], [], [], []];
  const values = new Map(Object.entries({ hash, subject, uri, dns }));
  let at = 0;
  while (at < text.length) {
    field.lastIndex = at;
    const match = field.exec(text);
    if (match === null) return null;
    const [whole, name = '', quoted, plain = '', end] = match;
    at += whole.length;
    // Because: a comma starts another element, and a semicolon must be followed by a field.
    if (end === ',' || (end === ';' && at === text.length)) return null;
    const value = quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1');
    if (value !== '') values.get(name.toLowerCase())?.push(value);
  }
  return { hash, subject, uri, dns };
}
