// One request over an HTTP/2 connection of its own, as a health check asks. What the answer means is the prober's to say.

import { connect, type IncomingHttpHeaders } from 'node:http2';
import { isIP } from 'node:net';
import { ProbeReason, type ProbeSpec, type ProbeTarget } from './prober.ts';
import { secureContextOf, type UpstreamTls } from './tls-settings.ts';

const BODY_BYTES_MAX = 64 * 1_024;

export interface H2Question {
  /** Fields beside authority and user agent. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** Whether the head of the answer says all that is asked. */
  isEnough(status: number): boolean;
}

export interface H2Answer {
  /** `passed` where an answer came, however it reads; else why none did. */
  readonly reason: number;
  readonly status: number;
  /** Of the head, and of the trailers. */
  readonly fields: IncomingHttpHeaders;
  /** At most 64 KiB of it. */
  readonly body: Buffer;
}

const nothing = Buffer.alloc(0);

/** Resolves within the spec's timeout, always; never rejects. */
export async function askH2(
  target: ProbeTarget,
  spec: ProbeSpec,
  tls: UpstreamTls | null,
  question: H2Question,
): Promise<H2Answer> {
  if (!target.tls || tls === null) return ask(target, spec, {}, question);
  try {
    const serverName = tls.serverName ?? target.host;
    const secure = {
      secureContext: await secureContextOf(tls),
      rejectUnauthorized: tls.verify,
      ...(isIP(serverName) === 0 && { servername: serverName }),
    };
    return await ask(target, spec, secure, question);
  } catch {
    return { reason: ProbeReason.noConnection, status: 0, fields: {}, body: nothing };
  }
}

function ask(target: ProbeTarget, spec: ProbeSpec, secure: object, question: H2Question): Promise<H2Answer> {
  const port = spec.port ?? target.port;
  const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host);
  const scheme = target.tls ? 'https' : 'http';
  return new Promise(resolve => {
    const session = connect(`${scheme}://${bracketed(target.address ?? target.host)}:${port}`, secure);
    let connected = false;
    let status = 0;
    let fields: IncomingHttpHeaders = {};
    const pieces: Buffer[] = [];
    let bodyBytes = 0;
    const end = (reason: number) => {
      clearTimeout(timer);
      session.destroy();
      // Because: checks run in the supervisor, and this is at most 64 KiB and a piece.
      resolve({ reason, status, fields, body: Buffer.concat(pieces) });
    };
    const fail = () => end(connected ? ProbeReason.broken : ProbeReason.noConnection);
    // Because: checks run in the supervisor, which has no timer wheel.
    const timer = setTimeout(() => end(ProbeReason.timedOut), spec.timeoutMs);
    session.on('connect', () => {
      connected = true;
    });
    session.on('error', fail);
    const stream = session.request({
      ':authority': spec.host ?? `${bracketed(target.host)}:${port}`,
      'user-agent': 'cardea-health-check',
      ...question.fields,
    });
    stream.on('error', fail);
    // Reset without an error: no end follows.
    stream.on('aborted', fail);
    stream.on('response', headers => {
      status = headers[':status'] ?? 0;
      fields = headers;
      if (question.isEnough(status)) end(ProbeReason.passed);
    });
    stream.on('trailers', trailers => {
      fields = { ...fields, ...trailers };
    });
    stream.on('data', (piece: Buffer) => {
      pieces.push(piece);
      bodyBytes += piece.length;
      if (bodyBytes >= BODY_BYTES_MAX) end(ProbeReason.passed);
    });
    stream.on('end', () => end(status === 0 ? ProbeReason.broken : ProbeReason.passed));
    stream.end(question.body ?? undefined);
  });
}
