// TLS towards one upstream on one worker: whom it trusts, what the gateway shows, sessions to resume. New connections use
// what the files say now; connections that are there keep what they were made with.

import { isIP, type OnReadOpts } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { FailureLog } from '../../telemetry/failure-log.ts';
import { writeSecurely } from './secure-writer.ts';
import { tlsHandleOf } from './tls-handle.ts';
import type { ClientTlsMaterial } from './tls-material.ts';

/** Material with the context that was made of it. */
export interface ClientContext {
  readonly material: ClientTlsMaterial;
  readonly context: SecureContext;
}

/** Throws with OpenSSL's words when it does not take what was checked. */
export function makeClientContext(material: ClientTlsMaterial): ClientContext {
  const { ca, cert, key } = material;
  const context = createSecureContext({
    ...(ca !== null && { ca }),
    ...(cert !== null && key !== null && { cert, key }),
    minVersion: 'TLSv1.2',
  });
  return { material, context };
}

export class ClientTls {
  readonly upstream: string;
  private readonly log: FailureLog;
  private current: ClientContext | null;
  /** Counts changes: a session of before is not resumed with other trust. */
  private generation: number;

  constructor(upstream: string, log: FailureLog) {
    this.upstream = upstream;
    this.log = log;
    this.current = null;
    this.generation = 0;
  }

  get contexts(): ClientContext | null {
    return this.current;
  }

  /** New connections use it from now on. */
  become(next: ClientContext): void {
    if (this.current === next) return;
    this.current = next;
    this.generation++;
  }

  /** The endpoint `host` on `port`, which is connected to at `address`. */
  target(host: string, address: string, port: number): ClientTlsTarget {
    return new ClientTlsTarget(this, host, address, port);
  }

  get version(): number {
    return this.generation;
  }

  failed(endpoint: string, reason: string): void {
    this.log(this.upstream, endpoint, reason);
  }
}

/** One endpoint, and the session that it offered last. */
export class ClientTlsTarget {
  private readonly tls: ClientTls;
  private readonly host: string;
  private readonly address: string;
  private readonly port: number;
  private session: Buffer | null;
  private sessionVersion: number;

  constructor(tls: ClientTls, host: string, address: string, port: number) {
    this.tls = tls;
    this.host = host;
    this.address = address;
    this.port = port;
    this.session = null;
    this.sessionVersion = 0;
  }

  /** Opens a connection that offers these protocols. It may be written to once `onSecured` was called. */
  connect(onread: OnReadOpts, onSecured: () => void, protocols: readonly string[]): TLSSocket {
    const { tls } = this;
    const current = tls.contexts;
    if (current === null) throw new Error(`no TLS material for the upstream ${tls.upstream}`);
    const { material, context } = current;
    if (this.sessionVersion !== tls.version) this.session = null;
    const version = tls.version;
    const name = material.serverName ?? this.host;
    const options = {
      host: this.address,
      port: this.port,
      noDelay: true,
      allowHalfOpen: true,
      onread,
      secureContext: context,
      rejectUnauthorized: material.verify,
      ALPNProtocols: [...protocols],
      ...(isIP(name) === 0 && { servername: name }),
      // Because: where no name is asked for, Node would look for the address that it connects to.
      checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate),
      ...(this.session !== null && { session: this.session }),
    };
    // Because: `noDelay`, `allowHalfOpen` and `onread` are passed on to the socket below, which the types leave out.
    const socket = connect(options as ConnectionOptions);
    // With TLS 1.2 a session comes before the certificate was looked at, and is not to be kept then.
    let early: Buffer | null = null;
    let isSecured = false;
    const keep = (session: Buffer) => {
      this.session = session;
      this.sessionVersion = version;
    };
    socket.on('session', session => {
      if (isSecured) keep(session);
      else early = session;
    });
    socket.once('secureConnect', () => {
      isSecured = true;
      if (early !== null) keep(early);
      const handle = tlsHandleOf(socket);
      if (handle === null) return;
      writeSecurely(socket, handle);
      onSecured();
    });
    return socket;
  }

  /** Tells the operator why a handshake failed; null when that was before TLS began. */
  failure(error: NodeJS.ErrnoException): string | null {
    if (error.syscall === 'connect' || error.syscall === 'getaddrinfo') return null;
    this.session = null;
    const reason = wordsFor(error);
    this.tls.failed(`${this.host}:${this.port}`, reason);
    return reason;
  }
}

/** For the operator: what was wrong and where to look. Names no key, and no bytes of a certificate. */
function wordsFor(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `its certificate is not signed by a trusted authority (${error.code}); see \`tls.ca\``;
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired';
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate stands for another name; see \`tls.serverName\` (${error.message})`;
    case 'ECONNRESET':
      return 'it closed the connection in the middle of the handshake; does it speak TLS, and does it want a certificate?';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `it does not answer in TLS (${error.code})`;
    default:
      return error.code ?? error.message;
  }
}
