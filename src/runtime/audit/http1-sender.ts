// Sends probes over HTTP/1.1, each on its own connection.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { BadCredential } from './bad-credentials.ts';
import {
  type Answer,
  answerOf,
  fieldsOf,
  gatewayAt,
  NO_CERTIFICATE,
  type ProbedUrl,
  type ProbeSender,
  TIMEOUT_MS,
  targetOf,
} from './probe-sender.ts';
import type { SampleRequest } from './sample-request.ts';

const BODY_CHARACTERS_MAX = 65_536;

export class Http1Sender implements ProbeSender {
  readonly protocol = 'HTTP/1.1';
  private readonly probed: ProbedUrl;

  constructor(probed: ProbedUrl) {
    this.probed = probed;
  }

  send(sample: SampleRequest, credential: BadCredential): Promise<Answer | string> {
    const { url, insecure, certificateRequired } = this.probed;
    const secure = url.protocol === 'https:';
    const { hostname, port, checkIdentity } = gatewayAt(url);
    return new Promise(resolve => {
      let isSecure = false;
      const request = (secure ? httpsRequest : httpRequest)(
        {
          host: hostname,
          port,
          method: sample.method,
          path: targetOf(sample, credential.query),
          headers: ['host', sample.host, 'connection', 'close', ...fieldsOf(sample, credential).flat()],
          agent: false,
          timeout: TIMEOUT_MS,
          ...(secure && {
            servername: sample.host,
            checkServerIdentity: checkIdentity,
            rejectUnauthorized: !insecure,
          }),
        },
        response => {
          read(response).then(resolve, (error: Error) => resolve(`the answer broke off: ${error.message}`));
        },
      );
      request.on('timeout', () => request.destroy(new Error(`no answer in ${TIMEOUT_MS / 1_000} s`)));
      request.on('socket', socket => socket.once('secureConnect', () => (isSecure = true)));
      request.on('error', (error: NodeJS.ErrnoException) => {
        // With TLS 1.3 the client's handshake completes before the server has checked for a client certificate.
        const isShut = certificateRequired && isSecure && error.code === 'ECONNRESET';
        resolve(isShut ? { status: 0, byGateway: true, code: NO_CERTIFICATE } : `no answer: ${error.message}`);
      });
      request.end(sample.body);
    });
  }
}

async function read(response: IncomingMessage): Promise<Answer> {
  let body = '';
  response.setEncoding('latin1');
  // Because: a stream with an encoding yields strings, which its type does not say.
  for await (const piece of response as AsyncIterable<string>) if (body.length < BODY_CHARACTERS_MAX) body += piece;
  const proxyStatus = response.headers['proxy-status'];
  return answerOf(response.statusCode ?? 0, proxyStatus === undefined ? undefined : String(proxyStatus), body);
}
