// The request to the server about a token (RFC 7662 section 2.1), and the client's own credential. Sends nothing.

import type { IntrospectConfig } from './config.ts';

/** RFC 6749 section 2.3.1: id and secret are form-encoded before they go into HTTP Basic. */
export function clientAuthorization({ client: { id, secret } }: IntrospectConfig): string {
  return `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`;
}

export function questionAbout(token: string): string {
  return `token=${encodeURIComponent(token)}&token_type_hint=access_token`;
}

function formEncoded(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice(2);
}
