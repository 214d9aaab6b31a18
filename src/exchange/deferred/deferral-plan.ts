// A route's `async` on one worker: who has waited long enough is told where the answer will be, and gets it there. Answers are kept in
// memory that all workers share, found by a token that cannot be guessed together with who asked.

import { createHash } from 'node:crypto';
import { Fault } from '../../base/fault.ts';
import { randomHex } from '../../base/random-hex.ts';
import type { AnswerTable } from '../../store/answer-table.ts';
import type { Exchange } from '../exchange.ts';
import { isGrpc } from '../grpc-answer.ts';
import { answer, refuse } from '../reply.ts';
import type { Route } from '../route.ts';
import type { ExchangeServices } from '../services.ts';
import { AnswerRecorder, recordedReply } from './answer-recorder.ts';
import { ANSWERS_PATH } from './answers-path.ts';
import type { DeferralEvent } from './deferral-events.ts';
import { DeferralWait } from './deferral-wait.ts';
import { canHandOver, handOver } from './hand-over.ts';
import { type Awaited, heardUntil } from './unattended.ts';

export interface DeferralSpec {
  readonly afterMs: number;
  readonly keepMs: number;
  readonly answerBytesMax: number;
}

/** What is not ready to be handed over when its time comes is looked at again. */
const LOOK_AGAIN_MS = 250;

const POLL_SECONDS = '2';

export class DeferralPlan {
  private readonly spec: DeferralSpec;
  private readonly table: AnswerTable;
  /** Names the route in URLs. */
  private readonly word: string;
  /** Of exchanges without a client: no filters, and the retries of the route. */
  private readonly silentRoute: Route;
  private readonly eventCell: (event: DeferralEvent) => number;
  private services: ExchangeServices | null;

  /** `eventCell` says where an event is counted. */
  constructor(
    spec: DeferralSpec,
    table: AnswerTable,
    word: string,
    silentRoute: Route,
    eventCell: (event: DeferralEvent) => number,
  ) {
    this.spec = spec;
    this.table = table;
    this.word = word;
    this.silentRoute = silentRoute;
    this.eventCell = eventCell;
    this.services = null;
  }

  /** Begins the client's patience. Tunnels, gRPC calls and streams of events are never deferred. */
  watch(exchange: Exchange): void {
    const { request, services } = exchange;
    if (request.upgrade !== '' || isGrpc(request)) return;
    if (request.headers.get('accept')?.includes('text/event-stream') === true) return;
    const wait = new DeferralWait(this, exchange);
    exchange.deferral = wait;
    services.io.wheel.schedule(wait, exchange.startedAt + this.spec.afterMs);
  }

  /** The client has waited long enough. */
  due(exchange: Exchange): void {
    if (exchange.answeredBy !== 'nobody') return;
    const { io, unattended } = exchange.services;
    if (unattended.closed) return;
    if (!canHandOver(exchange) || !this.defer(exchange)) {
      io.wheel.schedule(exchange.deferral!, io.clock.now + LOOK_AGAIN_MS);
    }
  }

  /** Gives the answer that stands behind the token in the path, if it is this caller's. */
  show(exchange: Exchange): void {
    const { request } = exchange;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(exchange, new Fault('method_not_allowed'), [['Allow', 'GET, HEAD']]);
      return;
    }
    const token = request.path.slice(ANSWERS_PATH.length + this.word.length + 1);
    const digest = this.digest(exchange, token);
    const now = nowSeconds();
    const found = this.table.find(digest, now);
    if (found === null) refuse(exchange, new Fault('answer_not_found'));
    else if (found.kind === 'stored') {
      this.count(exchange, 'given');
      answer(exchange, recordedReply(found.bytes));
    } else if (found.kind === 'expired') {
      this.count(exchange, 'late');
      refuse(exchange, new Fault('answer_not_found'));
    } else if (found.kind === 'notKept') refuse(exchange, new Fault('answer_not_kept'));
    else if (found.kind === 'underWay' && found.mark >= now) answer(exchange, this.comeBack(request.path));
    else {
      // Nothing was heard for long of the worker that waited for it.
      if (this.table.giveUp(digest, now, now + this.keepSeconds)) this.count(exchange, 'lost');
      refuse(exchange, new Fault('answer_lost'));
    }
  }

  /** False when there is no room for another answer. */
  private defer(exchange: Exchange): boolean {
    const { table, spec, keepSeconds } = this;
    const token = randomHex(48);
    const digest = this.digest(exchange, token);
    const claim = table.claim(digest, heardUntil(), nowSeconds(), keepSeconds);
    if (claim.kind !== 'first') {
      this.count(exchange, 'no_room');
      return false;
    }
    const { slot } = claim;
    const { unattended } = exchange.services;
    const awaited: Awaited = { renew: untilSeconds => table.mark(slot, digest, untilSeconds) };
    this.services ??= { ...exchange.services, isCopy: true };
    const recorder = new AnswerRecorder(spec.answerBytesMax, record => {
      this.count(exchange, record === null ? 'not_kept' : 'kept');
      table.store(slot, digest, record, nowSeconds() + keepSeconds);
      unattended.delete(awaited);
    });
    unattended.add(awaited);
    this.count(exchange, 'deferred');
    handOver(exchange, this.services, this.silentRoute, recorder);
    answer(exchange, this.comeBack(`${ANSWERS_PATH}${this.word}/${token}`));
    return true;
  }

  private get keepSeconds(): number {
    return Math.ceil(this.spec.keepMs / 1_000);
  }

  private count({ services }: Exchange, event: DeferralEvent): void {
    services.cells[this.eventCell(event)]!++;
  }

  private comeBack(location: string) {
    return {
      status: 202,
      headers: [
        ['Location', location],
        ['Retry-After', POLL_SECONDS],
        ['Cache-Control', 'no-store'],
        ['Content-Type', 'application/json'],
      ] as const,
      body: JSON.stringify({ status: 'pending', location }),
    };
  }

  /** Another caller's digest of the same token is another one, and leads nowhere. */
  private digest({ consumer, identity }: Exchange, token: string): Buffer {
    const who = [
      consumer?.name ?? null,
      identity?.by ?? null,
      identity?.subject ?? null,
      identity?.claims?.['iss'] ?? null,
    ];
    return createHash('sha256')
      .update(JSON.stringify([this.word, token, who]))
      .digest()
      .subarray(0, 16);
  }
}

function nowSeconds(): number {
  // Because: answers are kept for hours, and this is asked once a deferred exchange or poll.
  return Math.floor(Date.now() / 1_000);
}
