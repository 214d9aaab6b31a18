// The call of the gRPC scenario: one message, which the backend sends back, and a single call to check the response.

import { createHash } from 'node:crypto';
import { connect } from 'node:http2';
import { bodyText } from './bodies.ts';

export const grpcPath = '/bench.Echo/Unary';

/** Length of the prefix of a message: a byte for whether it is compressed, and four for its length. */
const PREFIX_BYTES = 5;

/** The body of a call: one message of this length after its prefix. */
export function grpcBody(messageBytes: number): Buffer {
  const body = Buffer.alloc(PREFIX_BYTES + messageBytes);
  body.writeUInt32BE(messageBytes, 1);
  body.write(bodyText(messageBytes), PREFIX_BYTES, 'latin1');
  return body;
}

export function grpcHash(messageBytes: number): string {
  return createHash('sha256').update(grpcBody(messageBytes)).digest('hex');
}

/** Makes one call and returns its response. Rejects unless the trailers say that the call succeeded. */
export function askGrpc(port: number, messageBytes: number): Promise<{ status: number; bytes: number; hash: string }> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': grpcPath,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const pieces: Buffer[] = [];
    let status = 0;
    let grpcStatus = 'none';
    stream.on('response', headers => {
      status = headers[':status'] ?? 0;
    });
    stream.on('trailers', trailers => {
      grpcStatus = String(trailers['grpc-status']);
    });
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', reject);
    stream.on('close', () => {
      session.close();
      const whole = Buffer.concat(pieces);
      const hash = createHash('sha256').update(whole).digest('hex');
      if (grpcStatus === '0') resolve({ status, bytes: whole.length, hash });
      else reject(new Error(`the trailers say grpc-status ${grpcStatus}, with status ${status}`));
    });
    stream.end(grpcBody(messageBytes));
  });
}
