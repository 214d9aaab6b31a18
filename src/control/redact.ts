// Hides what is secret in a configuration before it is shown. Decides by names, since a checked document no longer shows
// which values came from a secret's file.

const REDACTED = '[redacted]';

/** Keys whose value is secret, in the document and in the configurations of filters. */
const secretKey = /secret|passw|token|credential|api-?key|private-?key|^hash$|^keys?$|^salt$/i;

/** Members of a JWK that make it a secret or a private key (RFC 7518 section 6). */
const secretJwkMember = /^(k|d|p|q|dp|dq|qi)$/;

/** Names of header fields, cookies and parameters whose value is secret. */
const secretName =
  /secret|passw|token|credential|api-?key|session|^(proxy-)?authorization$|^(set-)?cookie$|(?:^|[-_.])auth(?:$|[-_.])|[-_.](?:key|signature|jwt)$/i;

/** User and password in a URL, up to the last @ of the authority: a password may contain an @. */
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)[^/?#\s]+@/gi;

/** Returns a copy of plain data in which secrets read `[redacted]`. Structure, names and numbers stay. */
export function redact(value: unknown): unknown {
  return redacted(value, '');
}

/** `name` is the name that decides whether the value is secret: its key, or the `name` field beside it. */
function redacted(value: unknown, name: string): unknown {
  if (typeof value === 'string') {
    const isSecret = value !== '' && (secretKey.test(name) || secretName.test(name));
    return isSecret ? REDACTED : value.replace(userInfo, `$1${REDACTED}@`);
  }
  if (Array.isArray(value)) return value.map(each => redacted(each, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, redacted(inner, nameOf(value, key, name))]),
  );
}

/** The name that decides about `key`: `{ name: 'authorization', value: '...' }` and `{ name, match: {...} }` have it in a sibling field. */
function nameOf(owner: object, key: string, inherited: string): string {
  if (key === 'kind' || key === 'name') return '';
  if ('kty' in owner && secretJwkMember.test(key)) return 'secret';
  if (key !== 'value' && key !== 'match' && key !== 'source') return key;
  return 'name' in owner && typeof owner.name === 'string' ? owner.name : inherited;
}
