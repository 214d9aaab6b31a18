// A TLS client that sends one request. Node's own client, so that every part of the handshake can be chosen and seen.

import { type ConnectionOptions, connect } from 'node:tls';

export interface TlsAnswer {
  /** Everything received, head and body; empty when the connection ended before. */
  readonly text: string;
  readonly resumed: boolean;
  readonly protocol: string | null;
  readonly alpn: string | false | null;
  /** Common name of the server's certificate. */
  readonly certificate: string;
  /** Length of the certificate's key. */
  readonly keyBits: number;
  /** TLS session to resume with; null when none was offered. */
  readonly session: Buffer | null;
  /** Code of the error; empty when there was none. */
  readonly error: string;
}

/** Sends one GET with `Connection: close`. Never rejects. */
export async function askTls(port: number, options: ConnectionOptions = {}, path = '/fixed'): Promise<TlsAnswer> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'api.test', ...options });
  let text = '';
  let session: Buffer | null = null;
  let error = '';
  let seen = {
    resumed: false,
    protocol: null as string | null,
    alpn: null as string | false | null,
    certificate: '',
    keyBits: 0,
  };
  socket.on('session', given => {
    session = given;
  });
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  socket.on('error', (failure: NodeJS.ErrnoException) => {
    error = failure.code ?? failure.message;
  });
  socket.on('secureConnect', () => {
    const peer = socket.getPeerCertificate();
    const subject = peer.subject as { CN?: string } | undefined;
    seen = {
      resumed: socket.isSessionReused(),
      protocol: socket.getProtocol(),
      alpn: socket.alpnProtocol,
      certificate: subject?.CN ?? '',
      keyBits: peer.bits ?? 0,
    };
    socket.write(`GET ${path} HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n`);
  });
  // Because: `once` of events would reject on the error, which is a result here.
  await new Promise<void>(resolve => socket.on('close', () => resolve()));
  return { text, session, error, ...seen };
}
