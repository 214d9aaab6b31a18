// A client's verified certificate: whom it identifies, and how upstreams are told. Made once per connection.

import { X509Certificate } from 'node:crypto';
import { isSignedBy } from '../../base/signed-by.ts';
import type { PeerCertificateFields, TlsHandle } from './tls-handle.ts';

/** What a verified certificate says of the client. */
export interface ClientCertificate {
  /** RFC 2253 order, as Envoy shows it: `CN=acme,O=Acme Ltd`. */
  readonly subject: string;
  readonly issuer: string;
  /** Common name of the subject; empty when it has none. */
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  readonly emails: readonly string[];
  /** The `spiffe://` URI, if it is the only URI; else empty, since SPIFFE forbids several. */
  readonly spiffeId: string;
  /** SHA-256 of the certificate, hex in lower case. */
  readonly fingerprint: string;
  /** Hex in upper case. */
  readonly serialNumber: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Fields for upstreams as lines, each ended by CRLF; empty when upstreams are not told. */
  readonly forwardedLines: string;
  /**
   * DER of the certificate and of its issuers, the root last, linked by their names: signatures are not verified again. A session keeps
   * only the client's own certificate, so after a resumption the issuers are those among the listener's authorities. Read anew at each
   * call, as few callers need it; empty once the connection is closed.
   */
  readonly readChain: () => readonly Buffer[];
}

type Peer = Pick<TlsHandle, 'getPeerCertificate'>;

export type ForwardStyle = 'none' | 'x-forwarded-client-cert' | 'client-cert';

/** `raw` is the DER of the certificate that the handle's peer has shown, verified by the caller. */
export function clientCertificateOf(handle: Peer, raw: Buffer, style: ForwardStyle): ClientCertificate {
  const certificate = new X509Certificate(raw);
  // Because: Node gives undefined for an empty name, which its types leave out. SPIFFE's certificates need no subject.
  const { subject = '', issuer = '' } = certificate as { readonly subject?: string; readonly issuer?: string };
  const names = alternativeNames(certificate.subjectAltName ?? '');
  const dnsNames = named(names, 'DNS:');
  const uris = named(names, 'URI:');
  const spiffe = uris.filter(uri => uri.startsWith('spiffe://'));
  const facts = {
    subject: distinguishedName(subject),
    issuer: distinguishedName(issuer),
    commonName: commonName(subject),
    dnsNames,
    uris,
    emails: named(names, 'email:'),
    spiffeId: spiffe.length === 1 && uris.length === 1 ? spiffe[0]! : '',
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    serialNumber: certificate.serialNumber,
    expiresAt: certificate.validToDate.getTime(),
  };
  const readChain = () => chainOf(handle.getPeerCertificate(true));
  return { ...facts, forwardedLines: linesFor(style, facts, raw, handle), readChain };
}

type Facts = Omit<ClientCertificate, 'forwardedLines' | 'readChain'>;

function linesFor(style: ForwardStyle, facts: Facts, raw: Buffer, handle: Peer): string {
  if (style === 'none') return '';
  if (style === 'x-forwarded-client-cert') return `X-Forwarded-Client-Cert: ${envoyElement(facts)}\r\n`;
  // RFC 9440 section 2.1: a byte sequence of RFC 8941, the DER as base64 between colons.
  const own = `Client-Cert: :${raw.toString('base64')}:\r\n`;
  const chain = issuersOf(handle.getPeerCertificate(true)).map(issuer => `:${issuer.toString('base64')}:`);
  return chain.length === 0 ? own : `${own}Client-Cert-Chain: ${chain.join(', ')}\r\n`;
}

/**
 * DER of the issuers of the client's certificate, without a root that is its own issuer (RFC 9440 section 2.3). Empty when a signature in
 * the chain is wrong: beside the certificates that OpenSSL has verified, a client may send any others under the same names.
 */
function issuersOf(peer: PeerCertificateFields | undefined): Buffer[] {
  const chain = chainOf(peer).map(der => new X509Certificate(der));
  const above = chain.slice(1);
  if (!above.every((issuer, at) => isSignedBy(chain[at]!, issuer))) return [];
  return above.flatMap(certificate => (isSignedBy(certificate, certificate) ? [] : [certificate.raw]));
}

function chainOf(peer: PeerCertificateFields | undefined): Buffer[] {
  const chain: Buffer[] = [];
  for (let at = peer; at?.raw !== undefined; at = at.issuerCertificate) {
    chain.push(at.raw);
    if (at.issuerCertificate === at) break;
  }
  return chain;
}

/** One element as Envoy writes it: `Hash=...;Subject="...";URI=...;DNS=...`. */
function envoyElement({ fingerprint, subject, uris, dnsNames }: Facts): string {
  const parts = [`Hash=${fingerprint}`, `Subject=${quoted(subject)}`];
  if (uris.length === 0) parts.push('URI=');
  for (const uri of uris) parts.push(`URI=${plainOrQuoted(uri)}`);
  for (const name of dnsNames) parts.push(`DNS=${plainOrQuoted(name)}`);
  return parts.join(';');
}

function plainOrQuoted(text: string): string {
  return /^(?:(?![,;="\\])[!-~])*$/.test(text) ? text : quoted(text);
}

/** In double quotes. Text outside printable ASCII cannot stand in a field and is percent-encoded as UTF-8. */
function quoted(text: string): string {
  const visible = text.replace(/[^\x20-\x7e]+/g, part => encodeURIComponent(part.toWellFormed()));
  return `"${visible.replace(/["\\]/g, '\\$&')}"`;
}

/** Turns Node's lines, outermost first and escaped as in RFC 2253, into one line, innermost first. */
function distinguishedName(lines: string): string {
  return lines
    .split('\n')
    .filter(line => line !== '')
    .reverse()
    .join(',');
}

/** The first common name without its escapes. */
function commonName(lines: string): string {
  const escaped = /^CN=(.*)$/m.exec(lines)?.[1] ?? '';
  return escaped.replace(/\\([0-9A-F]{2}|.)/g, (_all, code: string) =>
    code.length === 2 ? String.fromCharCode(Number.parseInt(code, 16)) : code,
  );
}

/** Splits Node's list of alternative names: entries separated by `, `, quoted as JSON if they contain unusual characters. */
function alternativeNames(text: string): string[] {
  const entries: string[] = [];
  for (const [, kind, quotedText, plainText] of text.matchAll(
    /(?:^|, )([A-Za-z ]+:)(?:("(?:[^"\\]|\\.)*")|([^,]*))/g,
  )) {
    if (kind === undefined) continue;
    // Because: Node quotes these entries as JSON strings.
    if (quotedText !== undefined) entries.push(`${kind}${String(JSON.parse(quotedText))}`);
    else entries.push(`${kind}${plainText ?? ''}`);
  }
  return entries;
}

function named(entries: readonly string[], kind: string): string[] {
  return entries.filter(entry => entry.startsWith(kind)).map(entry => entry.slice(kind.length));
}
