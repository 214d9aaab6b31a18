// What TLS is made of, as it crosses from the supervisor to the workers: texts of certificates and keys that were checked,
// and what is agreed with the other side. Shapes only.

/** A certificate with its chain and its key, as PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
  /** DNS names of the certificate, lower case, wildcards as `*.example.com`. */
  readonly names: readonly string[];
  /** `rsa`, `ec`, `ed25519`: certificates of several kinds may stand for one name. */
  readonly kind: string;
  /** For people: the file it came from. */
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** One listener's side. */
export interface ServerTlsMaterial {
  /** The first is the default. */
  readonly certificates: readonly CertificatePair[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** For TLS 1.2, OpenSSL's notation. */
  readonly ciphers: string;
  /** ALPN names, best first. */
  readonly protocols: readonly string[];
  readonly clientAuth: ClientAuthMaterial | null;
  readonly handshakeTimeoutMs: number;
  readonly handshakesMax: number;
  readonly ticketLifetimeMs: number;
  /** From a file; null for those that the gateway makes. */
  readonly ticketKeys: TicketKeys | null;
}

export interface ClientAuthMaterial {
  readonly ca: string;
  readonly crl: string | null;
  readonly required: boolean;
  readonly forward: 'none' | 'x-forwarded-client-cert' | 'client-cert';
}

/** Keys of 48 bytes in base64. The first encrypts, all decrypt. */
export type TicketKeys = readonly string[];

/** One upstream's side. */
export interface ClientTlsMaterial {
  /** Null trusts the authorities that come with Node.js. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** Null takes the endpoint's host. */
  readonly serverName: string | null;
  readonly verify: boolean;
  /** ALPN names, best first. */
  readonly protocols: readonly string[];
}

/** By index of the listener, null for plain text; by name of the upstream. */
export interface TlsMaterial {
  readonly listeners: readonly (ServerTlsMaterial | null)[];
  readonly upstreams: ReadonlyMap<string, ClientTlsMaterial>;
  /** The gateway's own on both sides, each file once. */
  readonly certificates: readonly { readonly file: string; readonly expiresAt: number }[];
}
