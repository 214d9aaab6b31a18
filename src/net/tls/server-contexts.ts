// The contexts of one listener, built once a change: one for every set of certificates, found by the name that a client
// asks for. Knows no sockets.

import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TicketRing } from './ticket-ring.ts';
import type { CertificatePair, ServerTlsMaterial } from './tls-material.ts';

/** A client that asks again and again for new keys costs a handshake each time; nobody needs it since TLS 1.3. */
const SECURE_OPTIONS =
  constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE | constants.SSL_OP_NO_COMPRESSION;

export class ServerContexts {
  /** What every handshake begins with. It holds no certificate where one is chosen by name. */
  readonly base: SecureContext;
  readonly material: ServerTlsMaterial;
  /** ALPN names as they stand in the handshake. */
  readonly alpn: Buffer;
  /** False when all certificates stand for the same names: then nobody has to ask. */
  readonly choosesByName: boolean;
  private readonly standard: SecureContext;
  private readonly exact = new Map<string, SecureContext>();
  /** By what stands behind the star: `example.com`. */
  private readonly wildcards = new Map<string, SecureContext>();

  /** Throws with OpenSSL's words when it does not take what was checked. */
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

  /** The exact name, then a wildcard for its first label, else the first certificate. */
  find(servername: string): SecureContext {
    const name = servername.toLowerCase();
    const dot = name.indexOf('.');
    return this.exact.get(name) ?? (dot > 0 ? this.wildcards.get(name.slice(dot + 1)) : undefined) ?? this.standard;
  }

  /** Gives the first certificate's context. */
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
    // Without a list Node would add the authorities of the web, which no listener is to trust.
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
 * Sessions are resumed where this is equal: on every worker and gateway with the same rules for clients. One that began
 * where no certificate was asked for, or before a certificate was revoked, is not resumed where it matters.
 */
function sessionIdContext({ clientAuth }: ServerTlsMaterial): string {
  if (clientAuth === null) return 'cardea';
  const text = JSON.stringify([clientAuth.ca, clientAuth.crl, clientAuth.required]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
