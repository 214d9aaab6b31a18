// The health check that asks for a path over HTTP/2, for upstreams that speak nothing else.

import { connect } from 'node:http2';
import { isIP } from 'node:net';
import { type ProbeOutcome, ProbeReason, type ProbeSpec, type ProbeTarget } from './prober.ts';
import { secureContextOf, type UpstreamTls } from './tls-settings.ts';

const BODY_LETTERS_MAX = 64 * 1_024;

export async function probeH2(target: ProbeTarget, spec: ProbeSpec, tls: UpstreamTls | null): Promise<ProbeOutcome> {
  if (!target.tls || tls === null) return ask(target, spec, {});
  try {
    const serverName = tls.serverName ?? target.host;
    return await ask(target, spec, {
      secureContext: await secureContextOf(tls),
      rejectUnauthorized: tls.verify,
      ...(isIP(serverName) === 0 && { servername: serverName }),
    });
  } catch {
    return { reason: ProbeReason.noConnection, status: 0 };
  }
}

function ask(target: ProbeTarget, spec: ProbeSpec, secure: object): Promise<ProbeOutcome> {
  const port = spec.port ?? target.port;
  const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host);
  const scheme = target.tls ? 'https' : 'http';
  return new Promise(resolve => {
    const session = connect(`${scheme}://${bracketed(target.address ?? target.host)}:${port}`, secure);
    let connected = false;
    let status = 0;
    let body = '';
    const end = (reason: number) => {
      clearTimeout(timer);
      session.destroy();
      resolve({ reason, status });
    };
    // Because: checks run in the supervisor, which has no timer wheel.
    const timer = setTimeout(() => end(ProbeReason.timedOut), spec.timeoutMs);
    session.on('connect', () => {
      connected = true;
    });
    session.on('error', () => end(connected ? ProbeReason.broken : ProbeReason.noConnection));
    const authority = spec.host ?? `${bracketed(target.host)}:${port}`;
    const stream = session.request({
      ':path': spec.path,
      ':authority': authority,
      'user-agent': 'cardea-health-check',
    });
    stream.on('error', () => end(connected ? ProbeReason.broken : ProbeReason.noConnection));
    stream.on('response', headers => {
      status = headers[':status'] ?? 0;
      if (!spec.expect.some(({ from, to }) => status >= from && status <= to)) end(ProbeReason.status);
      else if (spec.body === null) end(ProbeReason.passed);
    });
    stream.setEncoding('utf8');
    stream.on('data', (piece: string) => {
      if (body.length < BODY_LETTERS_MAX) body += piece;
    });
    stream.on('end', () => end(spec.body !== null && body.includes(spec.body) ? ProbeReason.passed : ProbeReason.body));
    stream.end();
  });
}
