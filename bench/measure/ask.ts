// A single request, to check its response. Not for load.

import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { request as requestOverTls } from 'node:https';

export interface Asked {
  readonly port: number;
  readonly path: string;
  /** Over TLS; any certificate is accepted. */
  readonly tls?: boolean;
  readonly method?: string;
  readonly body?: Buffer;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface Answer {
  readonly status: number;
  readonly bytes: number;
  /** SHA-256 of the body in hex. */
  readonly hash: string;
  readonly body: Buffer;
}

/** Sends one request on its own connection. Rejects when the response is not complete within 20 s. */
export function ask({ port, path, tls = false, method = 'GET', body, headers: more }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      host: 'api.example.com',
      ...more,
      ...(body === undefined ? {} : { 'content-length': body.length }),
    };
    const options = { host: '127.0.0.1', port, path, method, headers, timeout: 20_000 };
    const sent = tls
      ? requestOverTls({ ...options, agent: false, rejectUnauthorized: false })
      : request({ ...options, agent: false });
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error('no answer in 20 s')));
    sent.on('response', response => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(pieces);
        const hash = createHash('sha256').update(whole).digest('hex');
        resolve({ status: response.statusCode ?? 0, bytes: whole.length, hash, body: whole });
      });
    });
    sent.end(body);
  });
}
