// One HTTP/1 connection to an endpoint: sends a request, reads its response, then serves the next. Knows framing and timeouts,
// nothing of routes, retries or clients. Longer than most files because it is one state machine.

import { connect, type Socket } from 'node:net';
import { Fault, type FaultCode, faultKinds } from '../base/fault.ts';
import { type Timed, UNSCHEDULED } from '../base/timer-wheel.ts';
import { BodyDecoder, type BodySink } from '../http/h1/body-decoder.ts';
import { type HeadLimits, NO_KEEP_ALIVE } from '../http/h1/field-lines.ts';
import { Refusal, refusalCode } from '../http/h1/parse-outcome.ts';
import { BodyFraming, parseResponseHead, type ResponseHead, takeResponseHead } from '../http/h1/response-head.ts';
import type { Headers } from '../http/headers.ts';
import { listenTo, readInto, type SocketEvents } from './accepted-socket.ts';
import { connectFault } from './connect-failure.ts';
import { connectPlace } from './connect-place.ts';
import { cutOff } from './cut-off.ts';
import { RequestFraming, type RequestTimes, type RequestWriter, type ResponseEvents } from './exchange-ends.ts';
import type { ThreadIo } from './io.ts';
import type { Sender } from './outbox.ts';
import { type ClientTlsTarget, isTlsError } from './tls/client-tls.ts';
import { secureWriterOf } from './tls/secure-writer.ts';
import { endedWithoutAlert } from './tls/tls-handle.ts';

/** Where a connection leads; `tls` is null for plain text. */
export interface ConnectionTarget {
  /** A name, an address, or the path of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly tls: ClientTlsTarget | null;
}

/** The owner of connections, such as the pool of an endpoint. */
export interface ConnectionOwner {
  readonly io: ThreadIo;
  readonly headLimits: HeadLimits;
  onConnected(connection: UpstreamConnection): void;
  /** The attempt to connect failed; no other event follows. */
  onConnectFailed(connection: UpstreamConnection, fault: Fault): void;
  /** The connection is free for another request. */
  onReleased(connection: UpstreamConnection): void;
  /** The connection is gone, whatever it was doing. Comes once for each connection that was connected. */
  onClosed(connection: UpstreamConnection): void;
}

const Phase = { connecting: 0, idle: 1, head: 2, body: 3, tunnel: 4, closed: 5 } as const;

const NO_STATUS_LINE =
  'It does not begin with a status line of HTTP/1: does the endpoint speak that, and in plain text?';

/** The most interim responses to one request: a backend that sends more is broken. */
const INFORMATIONAL_MAX = 32;
/** Share of the endpoint's announced keep-alive time that is used: a request that meets the close is lost, unless it may be sent twice. */
const KEPT_SHARE = 3 / 4;
/** The most bytes that are read of a response that is not wanted any more: reading more costs more than a new connection. */
const DROPPED_BYTES_MAX = 64 * 1024;

export class UpstreamConnection implements Timed, Sender, SocketEvents, BodySink, RequestWriter {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  readonly socket: Socket;
  readonly block: null;
  readonly wantsHttp1: false;
  readonly maybeProcessed: false;
  private readonly owner: ConnectionOwner;
  /** Requests that this connection has been given so far. */
  requests: number;
  private events: ResponseEvents | null;
  private times: RequestTimes | null;
  private phase: number;
  private toHead: boolean;
  private mayUpgrade: boolean;
  private requestFraming: number;
  private requestDone: boolean;
  private responseFraming: number;
  /** Bytes of a `Content-Length` body still to come. */
  private remaining: number;
  private decoder: BodyDecoder | null;
  private keepAlive: boolean;
  /** As announced in the last response; NO_KEEP_ALIVE for none. */
  private keepAliveSeconds: number;
  private stash: Buffer | null;
  private informational: number;
  private blocked: boolean;
  private paused: boolean;
  private gone: boolean;
  /** The endpoint has sent FIN. */
  private ended: boolean;
  /** The endpoint takes no more bytes; what it had sent before is still read. */
  private writeFailed: boolean;
  /** FIN is to be sent, and waits for the TLS write in progress. */
  private finPending: boolean;

  constructor(target: ConnectionTarget, connectTimeoutMs: number, owner: ConnectionOwner) {
    const { io } = owner;
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.owner = owner;
    this.block = null;
    this.wantsHttp1 = false;
    this.maybeProcessed = false;
    this.requests = 0;
    this.events = null;
    this.times = null;
    this.phase = Phase.connecting;
    this.toHead = false;
    this.mayUpgrade = false;
    this.requestFraming = RequestFraming.none;
    this.requestDone = true;
    this.responseFraming = BodyFraming.none;
    this.remaining = 0;
    this.decoder = null;
    this.keepAlive = true;
    this.keepAliveSeconds = NO_KEEP_ALIVE;
    this.stash = null;
    this.informational = 0;
    this.blocked = false;
    this.paused = false;
    this.gone = false;
    this.ended = false;
    this.writeFailed = false;
    this.finPending = false;
    const { tls } = target;
    const onread = readInto(io.readBuffer);
    this.socket =
      tls === null
        ? connect({ ...connectPlace(target.host, target.port), noDelay: true, allowHalfOpen: true, onread })
        : tls.connect(onread, () => this.onConnect(), http1);
    listenTo(this.socket, this);
    if (tls === null) this.socket.once('connect', () => this.onConnect());
    this.socket.once('error', (error: NodeJS.ErrnoException) => this.onSocketError(error, tls));
    io.wheel.schedule(this, io.clock.now + connectTimeoutMs);
  }

  /** Whether the connection can take a request now. */
  get usable(): boolean {
    return this.phase === Phase.idle && !this.socket.destroyed;
  }

  get halfOpen(): boolean {
    return this.phase === Phase.tunnel && this.ended && !this.requestDone;
  }

  // ---- The request ---------------------------------------------------------------------------------------------

  /**
   * Begins a request; the caller then writes its head into the outbox, which is reserved for this connection. `toHead`: the method is
   * HEAD. `upgrade`: the client asked to switch protocols, so that 101 is a possible response.
   */
  start(events: ResponseEvents, toHead: boolean, requestFraming: number, upgrade: boolean, times: RequestTimes): void {
    this.requests++;
    this.events = events;
    this.times = times;
    this.phase = Phase.head;
    this.toHead = toHead;
    this.mayUpgrade = upgrade;
    this.requestFraming = requestFraming;
    this.requestDone = requestFraming === RequestFraming.none;
    this.informational = 0;
    this.keepAlive = true;
    this.owner.io.outbox.begin(this);
    this.scheduleWithin(this.requestDone ? times.responseTimeoutMs : 0);
  }

  handOver(events: ResponseEvents, times: RequestTimes): void {
    this.events = events;
    this.times = times;
  }

  /** Does nothing: the head is in the outbox already. */
  sendHead(): void {}

  canUpgrade(): boolean {
    return true;
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    if (start === end || this.phase === Phase.closed || this.writeFailed) return;
    // Once the response has begun, bytes of the request count as progress as well.
    if (this.phase !== Phase.head) this.touch();
    const { outbox } = this.owner.io;
    outbox.begin(this);
    if (this.requestFraming === RequestFraming.chunked && this.phase !== Phase.tunnel) {
      outbox.text(`${(end - start).toString(16)}\r\n`);
      outbox.bytes(bytes, start, end);
      outbox.text('\r\n');
    } else {
      outbox.bytes(bytes, start, end);
    }
  }

  endRequest(trailers: Headers | null): void {
    if (this.phase === Phase.closed) return;
    const { outbox } = this.owner.io;
    if (this.phase === Phase.tunnel) {
      outbox.flush();
      this.requestDone = true;
      this.endSocket();
      this.touch();
      return;
    }
    if (this.requestFraming === RequestFraming.chunked && !this.writeFailed) {
      outbox.begin(this);
      outbox.text(trailers === null ? '0\r\n\r\n' : `0\r\n${trailers.lines()}\r\n`);
    }
    this.requestDone = true;
    if (this.phase === Phase.head) this.scheduleWithin(this.times!.responseTimeoutMs);
  }

  /** Sends FIN. If the endpoint has ended its side as well, the socket closes once it has sent the last bytes. */
  private endSocket(): void {
    // Over TLS the end would overtake bytes that still wait for the write before them, and they would never leave.
    this.finPending = (secureWriterOf(this.socket)?.unsentBytes ?? 0) > 0;
    if (!this.finPending) this.socket.end();
  }

  /** Gives the exchange up; the connection cannot serve another one. No event follows. */
  abort(): void {
    this.events = null;
    // A tunnel ends with its connection, so only a reset shows that it was broken off and did not end (RFC 9113 section 8.5).
    if (this.phase === Phase.tunnel) cutOff(this.socket);
    else this.socket.destroy();
    this.leave();
  }

  /** Discards the rest of the response. A short one is read to its end, so that the connection can be reused; a longer one costs it. */
  discardResponse(): void {
    const isShort =
      this.responseFraming === BodyFraming.none ||
      (this.responseFraming === BodyFraming.length && this.remaining <= DROPPED_BYTES_MAX);
    if (this.phase === Phase.body && isShort && this.requestDone && !this.paused) this.events = unheard;
    else this.abort();
  }

  pauseResponse(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
    this.scheduleWithin(0);
  }

  resumeResponse(): void {
    if (!this.paused) return;
    this.paused = false;
    this.touch();
    this.socket.resume();
  }

  // ---- Idle life -----------------------------------------------------------------------------------------------

  /** Waits for the next request, at most this long (0: no limit), and not until the endpoint would close. Called by the owner. */
  rest(idleTimeoutMs: number): void {
    const { io } = this.owner;
    const kept = this.keepAliveSeconds === NO_KEEP_ALIVE ? Infinity : this.keepAliveSeconds * 1_000 * KEPT_SHARE;
    io.wheel.schedule(this, io.clock.now + Math.min(kept, idleTimeoutMs === 0 ? Infinity : idleTimeoutMs));
  }

  /** Closes a connection that has no request in progress. */
  close(): void {
    this.socket.destroy();
    this.leave();
  }

  // ---- The response --------------------------------------------------------------------------------------------

  onRead(bytes: Buffer, length: number): boolean {
    const { io } = this.owner;
    io.clock.tick();
    if (this.stash === null) this.process(bytes, 0, length);
    else {
      // Because: only a response head that came in pieces is joined.
      const joined = Buffer.concat([this.stash, bytes.subarray(0, length)]);
      this.stash = null;
      this.process(joined, 0, joined.length);
    }
    io.outbox.flush();
    return !this.paused;
  }

  private process(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.phase === Phase.head) at = this.readHead(bytes, at, end);
      else if (this.phase === Phase.body) at = this.readBody(bytes, at, end);
      else if (this.phase === Phase.tunnel) {
        this.touch();
        this.events?.onResponseBody(bytes, at, end);
        return;
      } else {
        // Bytes that no request asked for: it cannot be known which request they would answer.
        if (this.phase !== Phase.closed) this.close();
        return;
      }
    }
  }

  private readHead(bytes: Buffer, at: number, end: number): number {
    const used = parseResponseHead(bytes, at, end, this.toHead, this.owner.headLimits);
    if (used < 0) {
      this.refuse(used);
      return end;
    }
    if (used === 0) {
      this.stash = Buffer.from(bytes.subarray(at, end));
      return end;
    }
    const head = takeResponseHead();
    const behind = at + used;
    if (head.status < 200) return this.readInterim(head, behind, end);
    this.responseFraming = head.framing;
    this.remaining = head.contentLength;
    this.keepAlive = head.keepAlive;
    this.keepAliveSeconds = head.keepAliveSeconds;
    this.phase = Phase.body;
    if (head.framing === BodyFraming.chunked) {
      // As for requests: chunks that came with the head are checked before the head is passed on.
      const trial = behind < end ? new BodyDecoder(BodyFraming.chunked, 0).feed(bytes, behind, end, nothing) : 0;
      if (trial < 0) {
        this.refuse(trial);
        return end;
      }
      this.decoder = new BodyDecoder(BodyFraming.chunked, 0);
    }
    this.touch();
    this.events!.onResponseHead(head);
    if (head.framing === BodyFraming.none && this.phase === Phase.body) this.finish(null, behind === end);
    return behind;
  }

  private readInterim(head: ResponseHead, behind: number, end: number): number {
    if (head.status === 101) {
      if (!this.mayUpgrade || head.upgrade === '') {
        this.fail(new Fault('upstream_upgrade_refused'));
        return end;
      }
      this.phase = Phase.tunnel;
      this.requestDone = false;
      this.keepAlive = false;
      this.events!.onResponseHead(head);
      // From here on the tunnel's idle timeout applies, not the response timeout.
      this.touch();
      return behind;
    }
    if (++this.informational > INFORMATIONAL_MAX) {
      this.fail(new Fault('upstream_malformed_response', '', 'Interim answers and no final one.'));
      return end;
    }
    this.events!.onInformational(head);
    head.headers.forget();
    return behind;
  }

  private readBody(bytes: Buffer, start: number, end: number): number {
    const { decoder } = this;
    if (decoder !== null) {
      const used = decoder.feed(bytes, start, end, this);
      if (used < 0) {
        this.refuse(used);
        return end;
      }
      if (this.phase !== Phase.body) return end;
      this.touch();
      if (decoder.done) this.finish(decoder.trailers, start + used === end);
      return start + used;
    }
    let take = end - start;
    if (this.responseFraming === BodyFraming.length && take > this.remaining) take = this.remaining;
    this.remaining -= take;
    this.touch();
    this.events?.onResponseBody(bytes, start, start + take);
    if (this.responseFraming === BodyFraming.length && this.remaining === 0 && this.phase === Phase.body)
      this.finish(null, start + take === end);
    return start + take;
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.events?.onResponseBody(bytes, start, end);
  }

  /**
   * The response is complete. It is not `clean` when bytes follow it that no request asked for: the next request on this
   * connection would take them for its response.
   * Nor is the connection used again while the endpoint has not taken the whole request: the next one would wait behind these bytes.
   */
  private finish(trailers: Headers | null, clean: boolean): void {
    const { events, owner } = this;
    this.events = null;
    this.times = null;
    this.decoder = null;
    const reusable = clean && this.keepAlive && this.requestDone && !this.blocked && !this.ended && !this.writeFailed;
    this.phase = reusable ? Phase.idle : Phase.closed;
    events?.onResponseEnd(trailers);
    if (reusable && !this.socket.destroyed) {
      if (this.paused) this.resumeResponse();
      owner.onReleased(this);
    } else {
      this.socket.destroy();
      this.leave();
    }
  }

  /** The bytes are no valid response: the fault tells the operator by which rule. */
  private refuse(refusal: number): void {
    const code = refusal === Refusal.headerTooLarge ? 'upstream_response_too_large' : 'upstream_malformed_response';
    const cause = refusal === Refusal.statusLine ? NO_STATUS_LINE : faultKinds[refusalCode(refusal)].meaning;
    this.fail(new Fault(code, '', cause));
  }

  private fail(fault: Fault): void {
    const { events } = this;
    this.events = null;
    // As in `abort`.
    if (this.phase === Phase.tunnel) cutOff(this.socket);
    else this.socket.destroy();
    const connecting = this.phase === Phase.connecting;
    if (connecting) {
      this.phase = Phase.closed;
      this.owner.io.wheel.cancel(this);
      this.owner.onConnectFailed(this, fault);
    } else {
      this.leave();
      events?.onUpstreamFault(fault);
    }
  }

  /** Tells the owner once that this connection is gone. */
  private leave(): void {
    this.owner.io.wheel.cancel(this);
    this.stash = null;
    this.decoder = null;
    if (this.gone) return;
    this.gone = true;
    const connecting = this.phase === Phase.connecting;
    this.phase = Phase.closed;
    if (!connecting) this.owner.onClosed(this);
  }

  // ---- Events of the socket ------------------------------------------------------------------------------------

  private onConnect(): void {
    this.owner.io.clock.tick();
    if (this.phase !== Phase.connecting) return;
    this.phase = Phase.idle;
    this.owner.io.wheel.cancel(this);
    this.owner.onConnected(this);
    this.owner.io.outbox.flush();
  }

  /** Handles errors while connecting. Later ones come as an end, except that in TLS 1.3 an endpoint refuses our certificate only then. */
  private onSocketError(error: NodeJS.ErrnoException, tls: ClientTlsTarget | null): void {
    const connecting = this.phase === Phase.connecting;
    if (!connecting && !(this.phase === Phase.head && this.requests === 1 && isTlsError(error))) return;
    const reason = tls?.failure(error) ?? null;
    if (reason !== null) this.fail(new Fault('upstream_tls_failed', '', reason));
    else this.fail(connectFault(error));
    this.owner.io.outbox.flush();
  }

  /** The endpoint sent FIN. */
  onEnd(): void {
    this.owner.io.clock.tick();
    this.ended = true;
    // After a failed write the kernel shows a reset as an end, so a response or tunnel that ends with the connection may be cut short.
    // Over TLS anybody on the path can forge an end without the closing alert (RFC 9112 section 9.8).
    const whole =
      this.responseFraming === BodyFraming.untilClose && !this.writeFailed && !endedWithoutAlert(this.socket);
    if (this.phase === Phase.tunnel && !this.writeFailed) this.endTunnelIn();
    else if (this.phase === Phase.body && whole) this.finish(null, true);
    else if (this.phase >= Phase.head && this.phase <= Phase.tunnel) this.fail(new Fault('upstream_reset'));
    else if (this.phase !== Phase.connecting) this.close();
    this.owner.io.outbox.flush();
  }

  /** The endpoint has ended its side of the tunnel, which is over once the client has ended its side, too. */
  private endTunnelIn(): void {
    if (this.requestDone && this.socket.writableFinished) {
      this.finish(null, true);
      return;
    }
    if (!this.requestDone) this.events?.onResponseEnd(null);
    this.touch();
  }

  onSocketClosed(): void {
    if (this.phase === Phase.closed) return;
    if (this.phase === Phase.tunnel && this.ended && this.requestDone) this.finish(null, true);
    else this.fail(new Fault(this.phase === Phase.connecting ? 'upstream_connect_failed' : 'upstream_reset'));
    this.owner.io.outbox.flush();
  }

  onSent(full: boolean): void {
    if (!full || this.blocked) return;
    this.blocked = true;
    // While we do not read its response, the endpoint need not take the rest of the request.
    if (this.times !== null && this.phase !== Phase.tunnel && !this.paused)
      this.scheduleWithin(this.times.idleTimeoutMs);
    this.events?.onRequestBlocked();
  }

  /** The endpoint has closed or reset the connection, perhaps after a response (413, say) that is still to be read. */
  onWriteFailed(): void {
    this.writeFailed = true;
    // After the endpoint's FIN nothing more is read, so no other event would report the failure.
    if (this.ended) this.socket.destroy();
  }

  onDrain(): void {
    if (this.finPending) this.endSocket();
    if (!this.blocked) return;
    this.owner.io.clock.tick();
    this.blocked = false;
    this.touch();
    this.events?.onRequestDrained();
    this.owner.io.outbox.flush();
  }

  // ---- Time ----------------------------------------------------------------------------------------------------

  onDeadline(now: number): void {
    this.owner.io.clock.now = now;
    if (this.phase === Phase.idle) this.close();
    else this.fail(new Fault(this.timeoutCode(now)));
  }

  private timeoutCode(now: number): FaultCode {
    if (this.phase === Phase.connecting) return 'upstream_connect_timeout';
    if (this.times !== null && now >= this.times.deadline) return 'exchange_timeout';
    return this.phase === Phase.head && this.requestDone ? 'upstream_response_timeout' : 'upstream_idle_timeout';
  }

  /** There was progress: the timeout of the current phase starts anew. */
  private touch(): void {
    const { times } = this;
    if (times === null) return;
    if (this.phase === Phase.head) this.scheduleWithin(this.requestDone ? times.responseTimeoutMs : 0);
    else this.scheduleWithin(this.paused ? 0 : times.idleTimeoutMs);
  }

  /** Sets the next deadline: `delayMs` from now (0: none) or the exchange's, whichever comes first. */
  private scheduleWithin(delayMs: number): void {
    const { times } = this;
    if (times === null) return;
    const { io } = this.owner;
    const step = delayMs === 0 ? Infinity : io.clock.now + delayMs;
    io.wheel.schedule(this, Math.min(step, times.deadline));
  }
}

/** The ALPN protocols to offer: this connection speaks no other, whatever else the endpoint speaks. */
const http1: readonly string[] = ['http/1.1'];

const nothing: BodySink = { onBody() {} };

const unheard: ResponseEvents = {
  onInformational() {},
  onResponseHead() {},
  onResponseBody() {},
  onResponseEnd() {},
  onUpstreamFault() {},
  onRequestBlocked() {},
  onRequestDrained() {},
};
