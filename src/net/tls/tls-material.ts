// TLS material as the supervisor sends it to the workers: the texts of checked certificates and keys, and what may be agreed with
// the other side. Types only.

/** A certificate with its chain and its key, as PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
  /** DNS names of the certificate, lower case, wildcards as `*.example.com`. */
  readonly names: readonly string[];
  /** The kind of key, such as `rsa`, `ec`, `ed25519`. A name may have certificates of several kinds. */
  readonly kind: string;
  /** The file that the certificate came from, for messages. */
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** The TLS material of one listener. */
export interface ServerTlsMaterial {
  /** The first is the default. */
  readonly certificates: readonly CertificatePair[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** In OpenSSL's notation: those of TLS 1.3, then those of TLS 1.2. */
  readonly ciphers: string;
  /** ALPN names, best first. */
  readonly protocols: readonly string[];
  readonly clientAuth: ClientAuthMaterial | null;
  readonly handshakeTimeoutMs: number;
  readonly handshakesMax: number;
  readonly ticketLifetimeMs: number;
  /** Keys from a file; null when the gateway makes its own. */
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

/** The TLS material of one upstream. */
export interface ClientTlsMaterial {
  /** Null trusts the authorities that come with Node.js. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** The name to ask for and to verify; null for the endpoint's host. */
  readonly serverName: string | null;
  readonly verify: boolean;
  /** ALPN names, best first. */
  readonly protocols: readonly string[];
}

/** `listeners` by index, null for plain text; `upstreams` by name. */
export interface TlsMaterial {
  readonly listeners: readonly (ServerTlsMaterial | null)[];
  readonly upstreams: ReadonlyMap<string, ClientTlsMaterial>;
  /**
   * The files of the gateway's own certificates and of the authorities by which it verifies others, each once, and when the first certificate
   * of a chain expires, or the last authority of a file.
   */
  readonly certificates: readonly DatedFile[];
  /** The lists of revoked certificates by which listeners and filters refuse clients, each file once, if they end. */
  readonly revocationLists: readonly DatedFile[];
}

export interface DatedFile {
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** A `Problem` of src/config/config.ts. */
export interface TlsProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly severity: 'error' | 'warning';
}
