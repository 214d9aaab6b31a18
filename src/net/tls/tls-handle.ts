// The parts of Node's TLS handles that its published types leave out, in one file, so that a new Node is tested against this file alone.
// The tests in this folder fail if one of them changes.

import { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';

/** The TCP handle below a TLS handle. */
export interface TcpStream {
  readonly bytesWritten: number;
  /** Bytes that libuv still holds. */
  readonly writeQueueSize: number;
  reading: boolean;
  /** Returns 0 if the handle was not reading, else a negative error code. */
  readStart(): number;
  readStop(): number;
  close(callback?: () => void): void;
  /** Closes with RST. Negative when FIN is on its way already. */
  reset(callback?: () => void): number;
}

/** A write that the handle has not finished. */
export interface TlsWrite {
  /** Called at the end of the write, if it is set by then. */
  oncomplete: ((this: TlsWrite, status: number) => void) | null;
  /** -1 once the write is finished. */
  getAsyncId(): number;
  /** The status of a write that finished before `oncomplete` was set. */
  writeStatus: number | null;
}

/** Node's native TLS handle, with the names of its binding: encrypts and decrypts over a TCP handle. */
export interface TlsHandle {
  _parent: TcpStream;
  _parentWrap: Socket | null;
  _secureContext: SecureContext;
  reading: boolean;
  /** Context for the name that the client asked for; set before `certCbDone`. */
  sni_context: unknown;
  onhandshakestart: () => void;
  onhandshakedone: () => void;
  oncertcb: (info: { readonly servername?: string | false }) => void;
  onerror: (error: Error) => void;
  writeBuffer(request: null, bytes: Buffer): number | TlsWrite;
  /** Takes bytes as if they had come from the network. */
  receive(bytes: Buffer): void;
  enableCertCb(): void;
  certCbDone(): void;
  setALPNProtocols(protocols: Buffer): void;
  setVerifyMode(request: boolean, reject: boolean): void;
  getALPNNegotiatedProtocol(): string | false;
  isSessionReused(): boolean;
  verifyError(): Error | null | undefined;
  /** `withIssuers` takes four times as long; without it, there is no `issuerCertificate`. */
  getPeerCertificate(withIssuers: boolean): PeerCertificateFields | undefined;
}

/** The fields of a peer's certificate that are used. A root is its own issuer. */
export interface PeerCertificateFields {
  readonly raw?: Buffer;
  readonly issuerCertificate?: PeerCertificateFields;
}

type Wrap = (stream: unknown, context: unknown, isServer: boolean, hasActiveWrite: boolean) => TlsHandle;

/** True on the Node releases that this was tested on; others go through `TLSSocket`, which costs more. */
const tested = /^v26\.(?:1[0-9]|[2-9][0-9])\./.test(process.version);

const wrap: Wrap | null = tested ? findWrap() : null;

function findWrap(): Wrap | null {
  try {
    // Because: nothing published makes a TLS handle without two sockets and a dozen closures around it.
    const binding = (process as unknown as { binding(name: string): { wrap?: Wrap } }).binding('tls_wrap');
    return typeof binding.wrap === 'function' ? binding.wrap : null;
  } catch {
    return null;
  }
}

/** Whether `wrapServer` can be used on this Node. */
export const canWrap = wrap !== null;

/** Puts TLS over the handle of an accepted socket, which is of no use afterwards. Only if `canWrap`. Throws if the socket was closed. */
export function wrapServer(raw: Socket, context: SecureContext): TlsHandle {
  // Because: this is where a socket has its handle, and where Node's own TLSSocket takes it from.
  const owner = raw as unknown as { _handle: TcpStream | null };
  const tcp = owner._handle;
  if (tcp === null || wrap === null) throw new Error('the socket was closed');
  if (tcp.reading) {
    tcp.readStop();
    tcp.reading = false;
  }
  const handle = wrap(tcp, context.context, true, false);
  handle._parent = tcp;
  handle._parentWrap = null;
  handle._secureContext = context;
  handle.reading = false;
  // The handle refers to its owner, which would keep the old socket alive.
  for (const key of Object.getOwnPropertySymbols(tcp)) {
    const owned = tcp as unknown as Record<symbol, unknown>;
    if (owned[key] === raw) owned[key] = null;
  }
  owner._handle = null;
  return handle;
}

/** Makes the socket of a handle from `wrapServer`. It reads nothing until `startReading` (accepted-socket.ts). */
export function socketOf(handle: TlsHandle, onread: unknown): Socket {
  const options = { handle, allowHalfOpen: true, onread, manualStart: true };
  // Because: Node accepts a TLS handle and `manualStart`, which its types do not know.
  const socket = new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
  // Node frees OpenSSL's memory through this field when the socket closes.
  (socket as unknown as { ssl: TlsHandle }).ssl = handle;
  return socket;
}

/** The TLS handle of a socket; null for plain ones and closed ones. */
export function tlsHandleOf(socket: Socket): TlsHandle | null {
  // Because: Node's types do not show the handle.
  const handle = (socket as unknown as { _handle: Partial<TlsHandle> | null })._handle;
  // Because: nothing but a TLS handle has both fields.
  if (handle === null || handle._parent === undefined || handle._secureContext === undefined) return null;
  return handle as TlsHandle;
}

/** Whether a TLS socket that just ended got only FIN, without the closing alert (RFC 8446 section 6.1). False for plain sockets. */
export function endedWithoutAlert(socket: Socket): boolean {
  const handle = tlsHandleOf(socket);
  // Because: Node reports both alike. After the alert the TCP handle reads on unless it was told to stop; FIN stops it by itself.
  return handle?.reading === true && handle._parent.readStart() === 0;
}
