// The TLS contexts of one listener, built once per change: one for each certificate, found by the name that a client asks for,
// or a single one if all certificates have the same names. Knows no sockets.

import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TicketRing } from './ticket-ring.ts';
import type { CertificatePair, ServerTlsMaterial } from './tls-material.ts';

/** Renegotiation is off: a client that asks for new keys again and again costs a handshake each time, and since TLS 1.3 none needs it. */
const SECURE_OPTIONS =
  constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE | constants.SSL_OP_NO_COMPRESSION;

export class ServerContexts {
  /** The context that every handshake begins with. It has no certificate if one is chosen by name. */
  readonly base: SecureContext;
  readonly material: ServerTlsMaterial;
  /** ALPN names as they stand in the handshake: each behind its length in one byte. */
  readonly alpn: Buffer;
  /** False when all certificates have the same names: then the name that a client asks for does not matter. */
  readonly choosesByName: boolean;
  private readonly standard: SecureContext;
  private readonly exact = new Map<string, SecureContext>();
  /** By the name behind `*.`: `example.com`. */
  private readonly wildcards = new Map<string, SecureContext>();

  /** Throws OpenSSL's error if it refuses the material, although that was checked. */
  constructor(material: ServerTlsMaterial, tickets: TicketRing) {
    this.material = material;
    const protocols = material.protocols.map(name => String.fromCharCode(name.length) + name);
    this.alpn = Buffer.from(protocols.join(''), 'latin1');
    const { certificates } = material;
    this.choosesByName = certificates.some(({ names }) => names.join() !== certificates[0]?.names.join());
    this.base = makeContext(material, this.choosesByName ? [] : certificates);
    tickets.attachTo(this.base);
    this.standard = this.choosesByName ? this.indexNames(tickets) : this.base;
  }

  /** The context for the exact name, else for a wildcard in place of its first label, else of the first certificate. */
  find(servername: string): SecureContext {
    const name = servername.toLowerCase();
    const dot = name.indexOf('.');
    return this.exact.get(name) ?? (dot > 0 ? this.wildcards.get(name.slice(dot + 1)) : undefined) ?? this.standard;
  }

  /** Makes a context for each certificate and files it under its names. Returns that of the first certificate. */
  private indexNames(tickets: TicketRing): SecureContext {
    let first: SecureContext | null = null;
    for (const pair of this.material.certificates) {
      const context = makeContext(this.material, [pair]);
      tickets.attachTo(context);
      for (const name of pair.names) {
        if (name.startsWith('*.')) this.wildcards.set(name.slice(2), context);
        else this.exact.set(name, context);
      }
      first ??= context;
    }
    return first ?? this.base;
  }
}

function makeContext(material: ServerTlsMaterial, pairs: readonly CertificatePair[]): SecureContext {
  const { clientAuth } = material;
  return createSecureContext({
    cert: pairs.map(({ cert }) => cert),
    key: pairs.map(({ key }) => key),
    // Without a list Node would add its built-in public authorities, which no listener is to trust.
    ca: clientAuth?.ca ?? [],
    ...((clientAuth?.crl ?? null) !== null && { crl: clientAuth!.crl! }),
    ciphers: material.ciphers,
    minVersion: material.minVersion,
    secureOptions: SECURE_OPTIONS,
    sessionIdContext: sessionIdContext(material),
    sessionTimeout: Math.max(1, Math.round(material.ticketLifetimeMs / 1000)),
  });
}

/**
 * Sessions are resumed only where this value is equal: on every worker and gateway with the same rules for client certificates. A
 * session that began where none was requested, or under an older list of revoked ones, is not resumed where certificates matter.
 */
function sessionIdContext({ clientAuth }: ServerTlsMaterial): string {
  if (clientAuth === null) return 'cardea';
  const text = JSON.stringify([clientAuth.ca, clientAuth.crl, clientAuth.required]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
