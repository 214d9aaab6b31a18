// One TLS handshake with a client: chooses the certificate, enforces the time limit, checks the client's own certificate, and
// hands the socket on. Sees no request.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type Timed, UNSCHEDULED } from '../../base/timer-wheel.ts';
import { listenTo, readByEvents, readInto, type SocketEvents, startReading } from '../accepted-socket.ts';
import type { Client } from '../client.ts';
import { clientCertificateOf } from './client-certificate.ts';
import { writeSecurely } from './secure-writer.ts';
import type { ServerContexts } from './server-contexts.ts';
import type { HandshakeFailure, SecuredSockets, ServerTls } from './server-tls.ts';
import { canWrap, socketOf, type TlsHandle, tlsHandleOf, wrapServer } from './tls-handle.ts';

interface OwnedHandle extends TlsHandle {
  handshake: Handshake;
}

function onHandshakeStart(): void {}

function onHandshakeDone(this: OwnedHandle): void {
  this.handshake.onDone();
}

function onCertificate(this: OwnedHandle, info: { readonly servername?: string | false }): void {
  this.handshake.onCertificate(info.servername || '');
}

function onError(this: OwnedHandle, error: Error): void {
  this.handshake.onError(error);
}

export class Handshake implements SocketEvents, Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  /** The socket over TLS; the accepted socket is of no use any more. */
  readonly socket: Socket;
  readonly client: Client;
  readonly beganAt: number;
  private readonly handle: TlsHandle;
  private readonly tls: ServerTls;
  private readonly contexts: ServerContexts;
  private readonly next: SecuredSockets;
  private failure: HandshakeFailure | null;
  private over: boolean;

  constructor(raw: Socket, client: Client, tls: ServerTls, next: SecuredSockets) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.client = client;
    this.tls = tls;
    this.contexts = tls.contexts;
    this.next = next;
    this.failure = null;
    this.over = false;
    const { io } = next;
    this.beganAt = io.clock.now;
    if (canWrap) {
      this.handle = this.wrapOwn(raw);
      this.socket = socketOf(this.handle, readInto(io.readBuffer));
    } else {
      this.socket = this.wrapStandard(raw);
      // Because: a server's TLS socket has its handle from the start.
      this.handle = tlsHandleOf(this.socket)!;
    }
    listenTo(this.socket, this);
    io.wheel.schedule(this, io.clock.now + this.contexts.material.handshakeTimeoutMs);
    if (canWrap) startReading(this.socket);
    else readByEvents(this.socket);
  }

  /** Takes bytes that were read before TLS began, after a PROXY header. */
  onRead(bytes: Buffer, length: number): boolean {
    if (!this.over) this.handle.receive(bytes.subarray(0, length));
    return true;
  }

  onEnd(): void {
    this.socket.destroy();
  }

  onDrain(): void {}

  onSocketClosed(): void {
    this.end();
    this.next.onUnsecured(this, this.failure);
  }

  onDeadline(): void {
    this.fail('timeout');
  }

  /** Ends this handshake, because a new one takes its place. */
  giveWay(): void {
    this.fail('too_many');
  }

  /** The server name that the client asks for is known; empty if it gave none. */
  onCertificate(servername: string): void {
    const { handle } = this;
    handle.sni_context = this.contexts.find(servername).context;
    handle.certCbDone();
  }

  onError(error: Error): void {
    // Because: an error of Node's may have a code.
    const { code = '' } = error as NodeJS.ErrnoException;
    if (this.over) this.socket.destroy();
    else this.fail(code === 'ERR_SSL_NO_APPLICATION_PROTOCOL' ? 'no_protocol' : 'failed');
  }

  onDone(): void {
    // The end of a handshake comes once: TLS 1.3 has only one, and TLS 1.2 cannot begin another because renegotiation is off.
    if (this.over) return;
    const { handle, contexts } = this;
    const { clientAuth, protocols } = contexts.material;
    let { client } = this;
    if (clientAuth !== null) {
      const peer = handle.getPeerCertificate(false);
      // Checked before anything of the certificate is read: one that is not verified may hold whatever its maker likes.
      if (peer?.raw === undefined ? clientAuth.required : (handle.verifyError() ?? null) !== null) {
        this.fail('certificate_rejected');
        return;
      }
      if (peer?.raw !== undefined) {
        const certificate = clientCertificateOf(handle, peer.raw, clientAuth.forward);
        // Because: a resumed session only says that the certificate was valid when it was shown, and certificates expire by the wall clock.
        if (certificate.expiresAt < Date.now()) {
          this.fail('certificate_rejected');
          return;
        }
        client = { ...client, certificate };
      }
    }
    const protocol = protocols.length === 0 ? '' : handle.getALPNNegotiatedProtocol() || '';
    // A client that names no protocol speaks HTTP/1.1 (RFC 9113 section 3.2 asks clients of HTTP/2 to name it).
    if (protocol === '' && protocols.length > 0 && !protocols.includes('http/1.1')) {
      this.fail('no_protocol');
      return;
    }
    this.end();
    writeSecurely(this.socket, handle);
    listenTo(this.socket, this.next.onSecured(this.socket, client, protocol, handle.isSessionReused()));
  }

  private fail(failure: HandshakeFailure): void {
    this.failure = failure;
    this.end();
    this.socket.destroy();
  }

  private end(): void {
    if (this.over) return;
    this.over = true;
    this.next.io.wheel.cancel(this);
    this.tls.ended(this);
  }

  private wrapOwn(raw: Socket): TlsHandle {
    const { contexts } = this;
    // Because: the lines below make the handle an OwnedHandle.
    const handle = wrapServer(raw, contexts.base) as OwnedHandle;
    handle.handshake = this;
    handle.onhandshakestart = onHandshakeStart;
    handle.onhandshakedone = onHandshakeDone;
    handle.onerror = onError;
    if (contexts.choosesByName) {
      handle.oncertcb = onCertificate;
      handle.enableCertCb();
    }
    if (contexts.alpn.length > 0) handle.setALPNProtocols(contexts.alpn);
    const { clientAuth } = contexts.material;
    // OpenSSL itself refuses no client, since it would give no reason that can be counted: `onDone` checks the certificate.
    if (clientAuth !== null) handle.setVerifyMode(true, false);
    return handle;
  }

  /** Uses Node's published interface, for releases on which `wrapServer` was not tested. */
  private wrapStandard(raw: Socket): Socket {
    const { contexts } = this;
    const { clientAuth, protocols } = contexts.material;
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: contexts.base,
      requestCert: clientAuth !== null,
      rejectUnauthorized: false,
      ALPNProtocols: [...protocols],
      SNICallback: (servername, done) => done(null, contexts.find(servername)),
    });
    socket.once('secure', () => this.onDone());
    socket.once('error', (error: Error) => this.onError(error));
    return socket;
  }
}
