// One request over an HTTP/2 connection of its own, as a health check asks: by the client that requests go through, since answers are as
// little to be trusted here. (Node's own aborts the process on some.) What the answer means is the prober's to say.

import type { Headers } from '../../http/headers.ts';
import { RequestFraming, type RequestWriter, type ResponseEvents } from '../../net/exchange-ends.ts';
import { ClientConnection, type ClientConnectionSettings } from '../../net/h2/client-connection.ts';
import { ThreadIo } from '../../net/io.ts';
import type { ClientTlsTarget } from '../../net/tls/client-tls.ts';
import { ProbeReason, type ProbeSpec, type ProbeTarget } from './prober.ts';
import { clientTlsOf, type UpstreamTls } from './tls-settings.ts';

const BODY_BYTES_MAX = 64 * 1_024;
const HEAD_LIMITS = { requestLineBytesMax: 8_192, headerBytesMax: 16_384, headerCountMax: 100 };

export interface H2Question {
  readonly method: string;
  readonly path: string;
  /** Fields beside authority and user agent. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | null;
  /** Whether the head of the answer says all that is asked. */
  isEnough(status: number): boolean;
}

export interface H2Answer {
  /** `passed` where an answer came, however it reads; else why none did. */
  readonly reason: number;
  readonly status: number;
  readonly headers: Headers | null;
  readonly trailers: Headers | null;
  /** At most 64 KiB of it. */
  readonly body: Buffer;
}

/** One for all checks of the supervisor. Never started: times are the question's own. */
const io = new ThreadIo();

/** The question has one timer for all of it, so the connection and the stream have none. */
const untimed = { deadline: Infinity, responseTimeoutMs: 0, idleTimeoutMs: 0 };
const settings: ClientConnectionSettings = {
  maxStreams: 1,
  maxRequests: 1,
  connectTimeoutMs: Infinity,
  idleTimeoutMs: 0,
  initialWindow: BODY_BYTES_MAX,
  widestWindow: BODY_BYTES_MAX,
  connectionWindow: BODY_BYTES_MAX,
  pingIntervalMs: Infinity,
};

const nothing = Buffer.alloc(0);

/** Resolves within the spec's timeout, always; never rejects. */
export async function askH2(
  target: ProbeTarget,
  spec: ProbeSpec,
  tls: UpstreamTls | null,
  question: H2Question,
): Promise<H2Answer> {
  const port = spec.port ?? target.port;
  const address = target.address ?? target.host;
  try {
    const secure = target.tls && tls !== null ? (await clientTlsOf(tls)).target(target.host, address, port) : null;
    return await ask(target, address, port, secure, spec, question);
  } catch {
    return { reason: ProbeReason.noConnection, status: 0, headers: null, trailers: null, body: nothing };
  }
}

function ask(
  target: ProbeTarget,
  address: string,
  port: number,
  tls: ClientTlsTarget | null,
  spec: ProbeSpec,
  question: H2Question,
): Promise<H2Answer> {
  const name = target.host.includes(':') ? `[${target.host}]` : target.host;
  const authority = spec.host ?? `${name}:${port}`;
  return new Promise(resolve => {
    let connected = false;
    let stream: RequestWriter | null = null;
    let status = 0;
    let headers: Headers | null = null;
    let trailers: Headers | null = null;
    const pieces: Buffer[] = [];
    let bodyBytes = 0;
    let isOver = false;
    const end = (reason: number): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      // Because: checks run in the supervisor, and this is at most 64 KiB and a piece.
      resolve({ reason, status, headers, trailers, body: Buffer.concat(pieces) });
      if (stream === null) connection.socket.destroy();
      else {
        stream.abort();
        connection.leave();
      }
    };
    const broken = (): void => end(ProbeReason.broken);
    const events: ResponseEvents = {
      onInformational() {},
      onResponseHead(head) {
        head.headers.settle();
        ({ status, headers } = head);
        if (question.isEnough(status)) end(ProbeReason.passed);
      },
      onResponseBody(bytes, from, to) {
        if (isOver) return;
        // Because: the read buffer is overwritten by the next read.
        pieces.push(Buffer.from(bytes.subarray(from, to)));
        bodyBytes += to - from;
        if (bodyBytes >= BODY_BYTES_MAX) end(ProbeReason.passed);
      },
      onResponseEnd(fields) {
        fields?.settle();
        trailers = fields;
        end(ProbeReason.passed);
      },
      onUpstreamFault: broken,
      onRequestBlocked() {},
      onRequestDrained() {},
    };
    const connection = new ClientConnection({ host: address, port, tls }, false, settings, {
      io,
      headLimits: HEAD_LIMITS,
      onReady() {
        if (isOver) return;
        stream = connection.open();
        send(stream, events, question, tls === null ? 'http' : 'https', authority);
      },
      onConnectFailed: () => end(connected ? ProbeReason.broken : ProbeReason.noConnection),
      onOtherProtocol: broken,
      onRoom() {},
      onLeaving() {},
      onClosed: broken,
    });
    connection.socket.once(tls === null ? 'connect' : 'secureConnect', () => {
      connected = true;
    });
    // Because: checks run in the supervisor, which has no timer wheel.
    const timer = setTimeout(() => end(ProbeReason.timedOut), spec.timeoutMs);
  });
}

function send(
  stream: RequestWriter,
  events: ResponseEvents,
  { method, path, fields, body }: H2Question,
  scheme: 'http' | 'https',
  authority: string,
): void {
  const { block } = stream;
  if (block === null) throw new Error('a stream of HTTP/2 has a block');
  stream.start(events, false, body === null ? RequestFraming.none : RequestFraming.length, false, untimed);
  block.begin(method, scheme, authority, path);
  block.writer.field('user-agent', 'cardea-health-check');
  for (const [name, value] of fields) block.writer.field(name, value);
  stream.sendHead();
  if (body === null) return;
  stream.sendBody(body, 0, body.length);
  stream.endRequest(null);
}
