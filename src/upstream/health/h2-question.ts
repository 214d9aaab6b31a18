// One request of a health check over an HTTP/2 connection of its own. Uses the same client as proxied requests, since an endpoint's
// responses are no more trustworthy here (Node's own client aborts the process on some). The prober decides what the response means.

import type { ResponseHead } from '../../http/h1/response-head.ts';
import type { Headers } from '../../http/headers.ts';
import { RequestFraming, type RequestWriter, type ResponseEvents } from '../../net/exchange-ends.ts';
import { ClientConnection, type ClientConnectionSettings } from '../../net/h2/client-connection.ts';
import { ThreadIo } from '../../net/io.ts';
import { type ClientContext, ClientTls } from '../../net/tls/client-tls.ts';
import type { ConnectionTarget } from '../../net/upstream-connection.ts';
import { endpointAuthority } from '../endpoint-authority.ts';
import { type ProbeOutcome, ProbeReason, type ProbeSpec, type ProbeTarget } from './prober.ts';

const BODY_BYTES_MAX = 64 * 1_024;
const HEAD_LIMITS = { requestLineBytesMax: 8_192, headerBytesMax: 16_384, headerCountMax: 100 };

export interface H2Question {
  readonly method: string;
  readonly path: string;
  /** Header fields besides the authority and the user agent. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | null;
  /** Whether the response head alone is enough, so that the body need not be read. */
  isEnough(status: number): boolean;
}

export interface H2Answer {
  /** `passed` when a response came, whatever it says; otherwise the reason why none came. */
  readonly outcome: ProbeOutcome;
  readonly headers: Headers | null;
  readonly trailers: Headers | null;
  /** At most 64 KiB of the body, and the rest of the piece that exceeds it. */
  readonly body: Buffer;
}

/** Shared by all checks of the supervisor. Never started, since each question has its own timer. */
const io = new ThreadIo();

/** One timer covers the whole question, so the connection and the stream have none. */
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

/** Always resolves within the timeout of `spec`; never rejects. */
export function askH2(
  target: ProbeTarget,
  spec: ProbeSpec,
  tls: ClientContext | null,
  question: H2Question,
): Promise<H2Answer> {
  const port = spec.port ?? target.port;
  const host = target.address ?? target.host;
  const secure = target.tls && tls !== null ? clientTlsOf(tls).target(target.host, host, port) : null;
  const authority = spec.host ?? endpointAuthority({ ...target, port });
  return new Asking({ host, port, tls: secure }, authority, question, spec.timeoutMs).answer;
}

function clientTlsOf(context: ClientContext): ClientTls {
  // Nothing to log here: a failure is reported as the outcome of the question.
  const tls = new ClientTls('', () => {});
  tls.become(context);
  return tls;
}

/** One question, from opening its connection to the response. */
class Asking implements ResponseEvents {
  readonly answer: Promise<H2Answer>;
  private readonly resolve: (answer: H2Answer) => void;
  private readonly question: H2Question;
  private readonly connection: ClientConnection;
  private readonly timer: NodeJS.Timeout;
  private readonly pieces: Buffer[] = [];
  private connected = false;
  private stream: RequestWriter | null = null;
  private status = 0;
  private headers: Headers | null = null;
  private trailers: Headers | null = null;
  private bodyBytes = 0;
  private isOver = false;

  constructor(target: ConnectionTarget, authority: string, question: H2Question, timeoutMs: number) {
    const { promise, resolve } = Promise.withResolvers<H2Answer>();
    this.answer = promise;
    this.resolve = resolve;
    this.question = question;
    const broken = () => this.onUpstreamFault();
    this.connection = new ClientConnection(target, false, settings, {
      io,
      headLimits: HEAD_LIMITS,
      onReady: () => {
        if (this.isOver) return;
        this.stream = this.connection.open();
        send(this.stream, this, question, target.tls === null ? 'http' : 'https', authority);
      },
      onConnectFailed: (_connection, { code, cause }) => {
        if (code === 'upstream_tls_failed') this.end(ProbeReason.tlsFailed, cause);
        else this.end(this.connected ? ProbeReason.broken : ProbeReason.noConnection);
      },
      onOtherProtocol: broken,
      onRoom() {},
      onLeaving() {},
      onClosed: broken,
    });
    this.connection.socket.once(target.tls === null ? 'connect' : 'secureConnect', () => {
      this.connected = true;
    });
    // Because: checks run in the supervisor, which has no timer wheel.
    this.timer = setTimeout(() => this.end(ProbeReason.timedOut), timeoutMs);
  }

  onInformational(): void {}

  onResponseHead({ status, headers }: ResponseHead): void {
    headers.settle();
    this.status = status;
    this.headers = headers;
    if (this.question.isEnough(status)) this.end(ProbeReason.passed);
  }

  onResponseBody(bytes: Buffer, from: number, to: number): void {
    if (this.isOver) return;
    // Because: the next read overwrites the read buffer.
    this.pieces.push(Buffer.from(bytes.subarray(from, to)));
    this.bodyBytes += to - from;
    if (this.bodyBytes >= BODY_BYTES_MAX) this.end(ProbeReason.passed);
  }

  onResponseEnd(trailers: Headers | null): void {
    trailers?.settle();
    this.trailers = trailers;
    this.end(ProbeReason.passed);
  }

  onUpstreamFault(): void {
    this.end(ProbeReason.broken);
  }

  onRequestBlocked(): void {}

  onRequestDrained(): void {}

  private end(reason: number, cause = ''): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    const { status, headers, trailers, stream, connection } = this;
    const outcome = { reason, status, ...(cause !== '' && { cause }) };
    // Because: checks run in the supervisor, and this is at most 64 KiB plus one piece.
    this.resolve({ outcome, headers, trailers, body: Buffer.concat(this.pieces) });
    if (stream === null) connection.socket.destroy();
    else {
      stream.abort();
      connection.leave();
    }
  }
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
