// What no gateway may show: credentials that this process has sent over node:http, fetch or the senders of this folder, secrets of a
// configuration, and whatever looks like a credential. `startGateway` searches all output of a gateway, so every suite is covered.

import { subscribe } from 'node:diagnostics_channel';
import { findSecrets } from './secret-search.ts';

/** Shorter values occur in many texts by chance. */
const LENGTH_MIN = 8;
/** Most cookies are no secrets; those that are contain keys, and are at least this long. */
const COOKIE_LENGTH_MIN = 20;

const credentialField = /^(?:proxy-)?authorization$|api-?key$|^x-(?!idempotency)[\w-]*(?:key|token|secret)$/i;
const credentialParameter = /^(?:access_token|id_token|logout_token|code|key|k|api_?key|token)$/i;

const sent = new Set<string>();

function noteField(name: string, value: string): void {
  if (credentialField.test(name)) {
    const credential = value.replace(/^(?:Bearer|Basic|Digest) +/i, '');
    if (credential.length >= LENGTH_MIN) sent.add(credential);
    if (/^Basic /i.test(value))
      note(
        Buffer.from(credential, 'base64')
          .toString('utf8')
          .replace(/^[^:]*:/, ''),
      );
  } else if (name.toLowerCase() === 'cookie') {
    for (const pair of value.split(';')) {
      const text = pair.slice(pair.indexOf('=') + 1).trim();
      if (text.length >= COOKIE_LENGTH_MIN) sent.add(text);
    }
  }
}

function note(secret: string): void {
  if (secret.length >= LENGTH_MIN) sent.add(secret);
}

function noteQuery(path: string): void {
  const at = path.indexOf('?');
  if (at === -1) return;
  for (const [name, value] of new URLSearchParams(path.slice(at + 1))) if (credentialParameter.test(name)) note(value);
}

function noteLines(head: string): void {
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) noteField(line.slice(0, colon), line.slice(colon + 1).trim());
  }
}

// Because: Node documents these channels, but their messages have no types.
subscribe('http.client.request.start', message => {
  const { request } = message as { readonly request: { readonly _header: string; readonly path: string } };
  noteLines(request._header);
  noteQuery(request.path);
});
subscribe('undici:request:create', message => {
  const { request } = message as { readonly request: { readonly headers: unknown; readonly path: string } };
  const { headers, path } = request;
  if (typeof headers === 'string') noteLines(headers);
  else if (Array.isArray(headers)) {
    for (let at = 0; at + 1 < headers.length; at += 2) noteField(String(headers[at]), String(headers[at + 1]));
  }
  noteQuery(path);
});

/** Only the beginning of what is sent is searched for a head, because bodies may be long. */
const HEAD_LETTERS_MAX = 16_384;

/** For clients that send bytes themselves: the credentials in this head are searched for from now on. */
export function noteSentHead(bytes: Buffer | string): void {
  const head =
    typeof bytes === 'string' ? bytes.slice(0, HEAD_LETTERS_MAX) : bytes.toString('latin1', 0, HEAD_LETTERS_MAX);
  noteLines(head);
  noteQuery(/^\S+ (\S+) HTTP/.exec(head)?.[1] ?? '');
}

/** The same for the fields of an HTTP/2 request. */
export function noteSentFields(fields: Iterable<readonly [name: string, value: string]>): void {
  for (const [name, value] of fields) {
    if (name === ':path') noteQuery(value);
    else noteField(name, value);
  }
}

/** Values in a configuration whose key names a secret, and passwords in URLs. File names are left out. */
export function configuredSecrets(yaml: string): string[] {
  const named = yaml.matchAll(/\b(?:secret|clientSecret|password|keys?)["']?:\s*\[?\s*(?:"([^"]+)"|([^\s"[\]{},]+))/g);
  const inUrls = yaml.matchAll(/:\/\/[^\s:@/"]*:([^\s@/"]+)@/g);
  const values = [...[...named].map(match => match[1] ?? match[2]!), ...[...inUrls].map(match => match[1]!)];
  return values.filter(
    value => value.length >= LENGTH_MIN && !/^[./$]{1,2}[/{]|\.(?:key|pem|crt|json)$|^sha256:/.test(value),
  );
}

const looksSecret = [
  /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/,
  // Not the gateway's message about a file that contains no private key, or an incomplete one.
  /(?<!expected )-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\b(?:Bearer|Basic|AWS4-HMAC-SHA256) +[\w+/=.~-]{12,}/,
  /\$(?:scrypt|argon2id)\$[^\s"]{20,}/,
];

/** The places where these texts show a secret; empty when they are clean. */
export function shownSecrets(texts: readonly string[], configured: readonly string[] = []): string[] {
  const shapes = texts.flatMap(text => looksSecret.flatMap(shape => shape.exec(text)?.[0] ?? []));
  return [...findSecrets(texts, [...sent, ...configured]), ...shapes];
}
