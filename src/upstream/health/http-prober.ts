// The health check that requests a path: checks the status and, if configured, looks for a text in the body. Opens a new connection each
// time, so that an endpoint that accepts no more connections is noticed.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { isSocketPath } from '../../base/socket-path.ts';
import { type ClientContext, isTlsError } from '../../net/tls/client-tls.ts';
import { tlsFailureText } from '../../net/tls/tls-failure-text.ts';
import { endpointAuthority } from '../endpoint-authority.ts';
import { type ProbeOutcome, ProbeReason, type ProbeSpec, type ProbeTarget } from './prober.ts';

const BODY_BYTES_MAX = 64 * 1_024;
const HEAD_BYTES_MAX = 16 * 1_024;

export function probeHttp(target: ProbeTarget, spec: ProbeSpec, tls: ClientContext | null): Promise<ProbeOutcome> {
  if (!target.tls || tls === null) return ask(target, spec, {});
  const { material, context } = tls;
  const serverName = material.serverName ?? target.host;
  return ask(target, spec, {
    secureContext: context,
    rejectUnauthorized: material.verify,
    // Empty for an IP address: otherwise Node would take the name from Host, and expect that name in the certificate.
    servername: isIP(serverName) === 0 ? serverName : '',
    checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(serverName, certificate),
  });
}

function ask(target: ProbeTarget, spec: ProbeSpec, secure: object): Promise<ProbeOutcome> {
  const port = spec.port ?? target.port;
  const address = target.address ?? target.host;
  return new Promise(resolve => {
    const send = target.tls ? httpsRequest : httpRequest;
    const request = send({
      ...secure,
      agent: false,
      ...(isSocketPath(address) ? { socketPath: address } : { host: address, port }),
      path: spec.path,
      maxHeaderSize: HEAD_BYTES_MAX,
      headers: {
        host: spec.host ?? endpointAuthority({ ...target, port }),
        'user-agent': 'cardea-health-check',
        connection: 'close',
      },
    });
    /** The reason that an error has at the present stage of the connection. */
    let failed: number = ProbeReason.noConnection;
    const end = (reason: number, status = 0, cause = '') => {
      clearTimeout(timer);
      request.destroy();
      resolve({ reason, status, ...(cause !== '' && { cause }) });
    };
    // Because: checks run in the supervisor, which has no timer wheel.
    const timer = setTimeout(() => end(ProbeReason.timedOut), spec.timeoutMs);
    request.on('socket', socket => {
      socket.once('connect', () => (failed = target.tls ? ProbeReason.tlsFailed : ProbeReason.broken));
      socket.once('secureConnect', () => (failed = ProbeReason.broken));
    });
    request.on('error', error => {
      if (failed !== ProbeReason.tlsFailed && !isTlsError(error)) end(failed);
      else end(ProbeReason.tlsFailed, 0, tlsFailureText(error));
    });
    request.on('response', response => {
      const { statusCode: status = 0 } = response;
      if (!spec.expect.some(({ from, to }) => status >= from && status <= to)) end(ProbeReason.status, status);
      else if (spec.body === null) end(ProbeReason.passed, status);
      else {
        response.on('error', () => end(failed));
        readBody(response, spec.body, found => end(found ? ProbeReason.passed : ProbeReason.body, status));
      }
    });
    request.end();
  });
}

function readBody(response: IncomingMessage, wanted: string, done: (found: boolean) => void): void {
  let body = Buffer.alloc(0);
  const look = () => done(body.includes(wanted));
  response.on('data', (piece: Buffer) => {
    // Because: checks run in the supervisor, and this is at most 64 KiB.
    body = Buffer.concat([body, piece]);
    if (body.length >= BODY_BYTES_MAX) look();
  });
  response.on('end', look);
}
