// A route's `async` on one worker: a client that has waited long enough gets the URL of its response, and later the response there. The
// response is found only by a token that cannot be guessed, together with its caller. Keeping it is in src/store/answers.

import { createHash } from 'node:crypto';
import { Fault } from '../../base/fault.ts';
import { messageOf } from '../../base/message-of.ts';
import { randomHex } from '../../base/random-hex.ts';
import type { Condition } from '../../route/conditions.ts';
import type { AnswerShelf, AnswerTicket, ExpectedAnswer, FoundAnswer } from '../../store/answers/answer-shelf.ts';
import { suspend } from '../chain.ts';
import type { Exchange } from '../exchange.ts';
import { isGrpc } from '../grpc-answer.ts';
import { answer, refuse } from '../reply.ts';
import type { Route } from '../route.ts';
import type { ExchangeServices } from '../services.ts';
import { AnswerRecorder, recordedReply } from './answer-recorder.ts';
import { ANSWERS_PATH } from './answers-path.ts';
import { askShelf } from './ask-shelf.ts';
import { AwaitedAnswer } from './awaited-answer.ts';
import type { DeferralEvent } from './deferral-events.ts';
import { DeferralWait } from './deferral-wait.ts';
import { canHandOver, handOver } from './hand-over.ts';

export interface DeferralSpec {
  readonly afterMs: number;
  readonly keepMs: number;
  readonly answerBytesMax: number;
}

/** An exchange that cannot be handed over when its time comes is looked at again after this time. */
const LOOK_AGAIN_MS = 250;

const POLL_SECONDS = '2';

const faultCodes = {
  notKept: 'answer_not_kept',
  lost: 'answer_lost',
  gone: 'answer_not_found',
  unknown: 'answer_not_found',
} as const;

export class DeferralPlan {
  /** The route's conditions on how a request comes in, which hold for fetching its responses as well. */
  readonly onArrival: readonly Condition[];
  private readonly spec: DeferralSpec;
  private readonly shelf: AnswerShelf;
  /** Stands for the route in URLs. */
  private readonly word: string;
  /** The route of exchanges that go on without a client: it has no filters, and the retries of the original route. */
  private readonly silentRoute: Route;
  private readonly eventCell: (event: DeferralEvent) => number;
  private services: ExchangeServices | null;
  private storeIsAway: boolean;

  /** `eventCell` gives the metric cell in which an event is counted. */
  constructor(
    spec: DeferralSpec,
    shelf: AnswerShelf,
    word: string,
    silentRoute: Route,
    eventCell: (event: DeferralEvent) => number,
    onArrival: readonly Condition[] = [],
  ) {
    this.onArrival = onArrival;
    this.spec = spec;
    this.shelf = shelf;
    this.word = word;
    this.silentRoute = silentRoute;
    this.eventCell = eventCell;
    this.services = null;
    this.storeIsAway = false;
  }

  /** Starts the time after which the client gets a 202. Tunnels, gRPC calls and event streams are never deferred. */
  watch(exchange: Exchange): void {
    const { request, services } = exchange;
    if (request.upgrade !== '' || isGrpc(request)) return;
    if (request.headers.get('accept')?.includes('text/event-stream') === true) return;
    const wait = new DeferralWait(this, exchange);
    exchange.deferral = wait;
    services.io.wheel.schedule(wait, exchange.startedAt + this.spec.afterMs);
  }

  /** Called when the client has waited long enough: gets a place in the store, then hands the request over. */
  due(exchange: Exchange): void {
    if (!isWaiting(exchange)) return;
    if (!canHandOver(exchange)) {
      this.lookAgain(exchange);
      return;
    }
    const token = randomHex(48);
    const keepMs = this.keepMsOf(exchange);
    const { io } = exchange.services;
    const later = askShelf(
      () => this.shelf.expect(this.ticket(exchange, token), secondsOf(keepMs)),
      expected => {
        io.clock.tick();
        this.tell(exchange, token, keepMs, expected);
      },
      error => {
        this.noteStoreAway(exchange, error);
        this.lookAgain(exchange);
      },
    );
    // Because: the store's result comes in a later turn of the loop, which has to flush its own output.
    if (later !== null) void later.then(() => io.outbox.flush());
  }

  /** Gives the response for the token in the path, if that belongs to this caller. */
  show(exchange: Exchange): void {
    const { request } = exchange;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(exchange, new Fault('method_not_allowed'), [['Allow', 'GET, HEAD']]);
      return;
    }
    const token = request.path.slice(ANSWERS_PATH.length + this.word.length + 1);
    let give = (): void => {};
    const later = askShelf(
      () => this.shelf.find(this.ticket(exchange, token), secondsOf(this.spec.keepMs)),
      found => {
        give = () => this.give(exchange, found);
      },
      error => {
        give = () => {
          this.noteStoreAway(exchange, error);
          refuse(exchange, new Fault('answers_unavailable'), [['Retry-After', POLL_SECONDS]]);
        };
      },
    );
    if (later === null) give();
    else suspend(exchange, later, () => give());
  }

  private give(exchange: Exchange, found: FoundAnswer): void {
    this.noteStoreBack(exchange);
    if (found.kind === 'pending') answer(exchange, this.comeBack(exchange.request.path));
    else if (found.kind === 'kept') {
      this.count(exchange, 'given');
      answer(exchange, recordedReply(found.answer));
    } else {
      if (found.kind === 'lost' && found.isFirstToKnow) this.count(exchange, 'lost');
      if (found.kind === 'gone') this.count(exchange, 'late');
      refuse(exchange, new Fault(faultCodes[found.kind]));
    }
  }

  /** Sends the client the URL of its response, if it still waits; `expected` is null when the store has no room. */
  private tell(exchange: Exchange, token: string, keepMs: number, expected: ExpectedAnswer | null): void {
    this.noteStoreBack(exchange);
    if (expected === null) {
      this.count(exchange, 'no_room');
      this.lookAgain(exchange);
      return;
    }
    if (!isWaiting(exchange) || !canHandOver(exchange)) {
      askShelf(
        expected.forget,
        () => {},
        () => {},
      );
      this.lookAgain(exchange);
      return;
    }
    const { unattended, io } = exchange.services;
    const onKept = (isKept: boolean) => this.count(exchange, isKept ? 'kept' : 'not_kept');
    const release = this.shelf.hold();
    const awaited = new AwaitedAnswer(expected, unattended, io.clock, keepMs, onKept, release);
    this.services ??= { ...exchange.services, hasNoClient: true };
    const recorder = new AnswerRecorder(this.spec.answerBytesMax, record => awaited.come(record));
    this.count(exchange, 'deferred');
    handOver(exchange, this.services, this.silentRoute, recorder);
    answer(exchange, this.comeBack(`${ANSWERS_PATH}${this.word}/${token}`));
  }

  private lookAgain(exchange: Exchange): void {
    if (!isWaiting(exchange)) return;
    const { io } = exchange.services;
    io.wheel.schedule(exchange.deferral!, io.clock.now + LOOK_AGAIN_MS);
  }

  private noteStoreBack({ services }: Exchange): void {
    if (!this.storeIsAway) return;
    this.storeIsAway = false;
    services.log('info', 'slow requests are deferred again', { route: this.silentRoute.name });
  }

  private noteStoreAway(exchange: Exchange, error: unknown): void {
    this.count(exchange, 'store_away');
    if (this.storeIsAway) return;
    this.storeIsAway = true;
    const reason = messageOf(error);
    exchange.services.log('warn', 'slow requests are not deferred, clients keep waiting: the store is away', {
      route: this.silentRoute.name,
      reason,
    });
  }

  /** How long the response is kept: for as long as a filter gives the 202 that leads to it, if that is longer than `keep`. */
  private keepMsOf(exchange: Exchange): number {
    let { keepMs } = this.spec;
    for (const filter of exchange.route!.plan.chain.filters)
      keepMs = Math.max(keepMs, filter.givesAgainForMs?.(exchange) ?? 0);
    return keepMs;
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

  /** Made from token and caller together: the same token from another caller is another ticket, which finds nothing. */
  private ticket({ consumer, identity }: Exchange, token: string): AnswerTicket {
    const who = [
      consumer?.name ?? null,
      identity?.by ?? null,
      identity?.subject ?? null,
      identity?.claims?.['iss'] ?? null,
    ];
    const digestOf = (...what: readonly unknown[]) => createHash('sha256').update(JSON.stringify(what)).digest();
    return {
      digest: digestOf(this.word, token, who).subarray(0, 16),
      sealKey: digestOf('seal', this.word, token, who),
    };
  }
}

function secondsOf(ms: number): number {
  return Math.ceil(ms / 1_000);
}

/** Whether the exchange has no response yet, and this worker is not draining: it can then await the response without the client. */
function isWaiting({ ended, answeredBy, services }: Exchange): boolean {
  return !ended && answeredBy === 'nobody' && !services.unattended.closed;
}
