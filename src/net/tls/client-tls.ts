// TLS towards one upstream on one worker: the trusted authorities, the gateway's certificate, sessions to resume. New connections use
// the current contents of the files; existing connections keep what they were made with.

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
import { tlsFailureText } from './tls-failure-text.ts';
import { tlsHandleOf } from './tls-handle.ts';
import type { ClientTlsMaterial } from './tls-material.ts';

/** Material, and the context that was made of it. */
export interface ClientContext {
  readonly material: ClientTlsMaterial;
  readonly context: SecureContext;
}

/** Throws OpenSSL's error if it refuses the material, although that was checked. */
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
  /** Counts changes of the context: a session from before a change is not resumed with other trust. */
  generation: number;

  constructor(upstream: string, log: FailureLog) {
    this.upstream = upstream;
    this.log = log;
    this.current = null;
    this.generation = 0;
  }

  /** The context of new connections; null before the first `become`. */
  get context(): ClientContext | null {
    return this.current;
  }

  /** New connections use `next` from now on. */
  become(next: ClientContext): void {
    if (this.current === next) return;
    this.current = next;
    this.generation++;
  }

  /** A target for the endpoint `host` on `port`, whose connections are made to `address`. */
  target(host: string, address: string, port: number): ClientTlsTarget {
    return new ClientTlsTarget(this, host, address, port);
  }

  failed(endpoint: string, reason: string): void {
    this.log(this.upstream, endpoint, reason);
  }
}

/** One endpoint of the upstream, and the session that it offered last. */
export class ClientTlsTarget {
  private readonly tls: ClientTls;
  private readonly host: string;
  private readonly address: string;
  private readonly port: number;
  private session: Buffer | null;
  private sessionGeneration: number;

  constructor(tls: ClientTls, host: string, address: string, port: number) {
    this.tls = tls;
    this.host = host;
    this.address = address;
    this.port = port;
    this.session = null;
    this.sessionGeneration = 0;
  }

  /** Opens a connection that offers these ALPN protocols. It may be written to once `onSecured` was called. Throws without a context. */
  connect(onread: OnReadOpts, onSecured: () => void, protocols: readonly string[]): TLSSocket {
    const { tls } = this;
    const current = tls.context;
    if (current === null) throw new Error(`no TLS material for the upstream ${tls.upstream}`);
    const { material, context } = current;
    if (this.sessionGeneration !== tls.generation) this.session = null;
    const generation = tls.generation;
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
      // Because: when no server name is sent, Node would verify the certificate for the address that it connects to.
      checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate),
      ...(this.session !== null && { session: this.session }),
    };
    // Because: `noDelay`, `allowHalfOpen` and `onread` are passed on to the socket below, which the types leave out.
    const socket = connect(options as ConnectionOptions);
    // With TLS 1.2 a session comes before the certificate is verified, and must not be kept until then.
    let early: Buffer | null = null;
    let isSecured = false;
    const keep = (session: Buffer) => {
      this.session = session;
      this.sessionGeneration = generation;
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

  /** Logs why a handshake failed, forgets the session, and returns the reason; null when the error came before TLS began. */
  failure(error: NodeJS.ErrnoException): string | null {
    if (error.syscall === 'connect' || error.syscall === 'getaddrinfo') return null;
    this.session = null;
    const reason = tlsFailureText(error);
    this.tls.failed(`${this.host}:${this.port}`, reason);
    return reason;
  }
}

/** Whether an error is OpenSSL's. It may come after the handshake: with TLS 1.3 an endpoint refuses our certificate only then. */
export function isTlsError({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && /^(?:ERR_SSL_|EPROTO$)/.test(code);
}
