// A TLS client that asks one question: Node's own, so that every part of a handshake can be chosen and seen.

import { type ConnectionOptions, connect } from 'node:tls';

export interface TlsAnswer {
  /** Everything that came, head and body; empty when the connection ended before. */
  readonly text: string;
  readonly resumed: boolean;
  readonly protocol: string | null;
  readonly alpn: string | false | null;
  /** Common name of the certificate that was shown. */
  readonly certificate: string;
  /** Length of the certificate's key. */
  readonly keyBits: number;
  /** To resume with; null when none was offered. */
  readonly session: Buffer | null;
  /** Code of what went wrong; empty when nothing did. */
  readonly error: string;
}

/** One GET with `Connection: close`. Never rejects. */
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
  // Because: `once` of events would reject at the error, which is an answer here.
  await new Promise<void>(resolve => socket.on('close', () => resolve()));
  return { text, session, error, ...seen };
}
