// The idempotency filter: keeps the first response to a key and gives it to callers that send the same request again.

import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../base/fault.ts';
import { eventCells } from '../../exchange/event-cells.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, FilterServices } from '../../exchange/filter.ts';
import { fieldPairs, packAnswer, unpackAnswer } from '../../exchange/packed-answer.ts';
import type { Reply } from '../../exchange/response.ts';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import { AnswerTable, answerTableBytes, type Claim } from '../../store/answer-table.ts';
import { steadySeconds } from '../../store/answers/steady-seconds.ts';
import type { IdempotencyConfig } from './config.ts';
import { FirstRequest, underWaySeconds } from './first-request.ts';
import { fingerprintOf, keyDigest } from './same-request.ts';

const KEY_LETTERS_MAX = 255;

/** A waiting duplicate polls for the first response at intervals that double between these two: workers do not notify each other. */
const LOOK_AGAIN_MS = 10;
const LOOK_AGAIN_MS_MAX = 250;

const events = ['first', 'replayed', 'conflict', 'reused', 'full'] as const;

export const idempotencyFilter: FilterDefinition<IdempotencyConfig> = {
  name: 'idempotency',
  events,
  needs: config => ({
    tables: [{ name: tableName(config), bytes: answerTableBytes(config.memory, config.answerLimit) }],
  }),
  build: (config, services) => new Idempotency(config, services),
};

class Idempotency implements Filter {
  private readonly config: IdempotencyConfig;
  private readonly slot: number;
  private readonly worker: WorkerServices;
  private readonly table: AnswerTable;
  private readonly cells: Readonly<Record<(typeof events)[number], number>>;
  private waiting = 0;

  constructor(config: IdempotencyConfig, services: FilterServices) {
    const { slot, worker } = services;
    this.config = config;
    this.slot = slot;
    this.worker = worker;
    this.table = new AnswerTable(worker.sharedTable(tableName(config)), config.answerLimit);
    this.cells = eventCells(events, services);
  }

  onRequest(exchange: Exchange): void | Promise<void> {
    const { methods, required, underWayFor, whileInFlight, waiters } = this.config;
    const { request } = exchange;
    if (!methods.includes(request.method)) return;
    const key = request.headers.get('idempotency-key');
    if (key === undefined) {
      if (required) exchange.refuse(new Fault('idempotency_key_missing'));
      return;
    }
    if (key.length === 0 || key.length > KEY_LETTERS_MAX) {
      exchange.refuse(
        new Fault('idempotency_key_missing', `An Idempotency-Key has 1 to ${KEY_LETTERS_MAX} characters.`),
      );
      return;
    }
    const digest = keyDigest(exchange, key);
    const fingerprint = fingerprintOf(exchange);
    const ask = () => this.table.claim(digest, fingerprint, steadySeconds(), underWaySeconds(underWayFor));
    const claim = ask();
    if (claim.kind === 'underWay' && whileInFlight === 'wait' && this.waiting < waiters)
      return this.wait(exchange, digest, ask);
    this.settle(exchange, digest, claim);
  }

  onResponse(exchange: Exchange): void {
    const own = this.firstOf(exchange);
    const { response } = exchange;
    if (own === null || response === null || !isOfUpstream(exchange) || !isKept(response.status)) return;
    own.status = response.status;
    own.headers = fieldPairs(response.headers.lines(), notGivenAgain);
    own.pieces = [];
    if (response.hasBody) response.filterBody(this.slot);
    else this.keep(own);
  }

  onResponseBody(exchange: Exchange, piece: Buffer, last: boolean): void {
    const own = this.firstOf(exchange);
    if (own === null) return;
    own.bytes += piece.length;
    if (own.bytes > this.config.answerLimit) own.pieces = [];
    else own.pieces?.push(piece);
    if (last) this.keep(own);
  }

  givesAgainForMs(exchange: Exchange): number {
    return this.firstOf(exchange) === null ? 0 : this.config.keepFor;
  }

  onEnd(exchange: Exchange): void {
    const own = this.firstOf(exchange);
    if (own === null) return;
    // When the client left or was cut off, it is unknown whether the upstream executed the request; when a response that would have been
    // kept broke off, it did. In both cases duplicates are kept out for a while.
    const isCutOff = exchange.fault?.cannotBeAnswered === true;
    own.end(!isCutOff && own.pieces === null);
  }

  /**
   * Waits until the first request has its response or is given up, and then takes its place. Ends at `waitFor`, or when this client leaves.
   */
  private async wait(exchange: Exchange, digest: Buffer, ask: () => Claim): Promise<void> {
    const { clock } = this.worker;
    this.waiting++;
    try {
      const until = clock.now + this.config.waitFor;
      for (let pauseMs = LOOK_AGAIN_MS; ; pauseMs = Math.min(LOOK_AGAIN_MS_MAX, pauseMs * 2)) {
        await delay(Math.min(pauseMs, Math.max(1, until - clock.now)));
        if (exchange.ended) return;
        const claim = ask();
        // Because: the clock is read once per turn of the event loop, and this turn began with the timer.
        if (claim.kind === 'underWay' && performance.now() < until) continue;
        this.settle(exchange, digest, claim);
        return;
      }
    } finally {
      this.waiting--;
    }
  }

  private settle(exchange: Exchange, digest: Buffer, claim: Claim): void {
    switch (claim.kind) {
      case 'first':
        this.count('first');
        exchange.state[this.slot] = this.firstRequest(exchange, digest, claim.slot);
        return;
      case 'stored':
        this.count('replayed');
        exchange.reply(givenAgain(claim.bytes));
        return;
      case 'underWay':
        this.count('conflict');
        exchange.refuse(new Fault('idempotency_conflict'), [['Retry-After', '1']]);
        return;
      case 'notKept':
        this.count('conflict');
        exchange.refuse(
          new Fault('idempotency_conflict', 'The first request got a response that was too large to be kept.'),
        );
        return;
      case 'otherQuestion':
        this.count('reused');
        exchange.refuse(new Fault('idempotency_key_reused'));
        return;
      case 'full':
        this.count('full');
        exchange.refuse(new Fault('idempotency_full'), [['Retry-After', '1']]);
    }
  }

  private firstRequest({ services }: Exchange, digest: Buffer, at: number): FirstRequest {
    const { wheel, clock } = services.io;
    return new FirstRequest(this.table, at, digest, this.config.underWayFor, wheel, clock.now);
  }

  private keep(own: FirstRequest): void {
    const fits = own.pieces !== null && own.bytes <= this.config.answerLimit;
    const answer = fits ? packAnswer({ status: own.status, headers: own.headers }, own.pieces!) : null;
    own.keep(answer, this.config.keepFor);
  }

  private firstOf(exchange: Exchange): FirstRequest | null {
    // Because: only this filter writes its cell.
    return (exchange.state[this.slot] as FirstRequest | undefined) ?? null;
  }

  private count(event: (typeof events)[number]): void {
    this.worker.cells[this.cells[event]]!++;
  }
}

function tableName({ memory, answerLimit }: IdempotencyConfig): string {
  return `idempotency ${memory} ${answerLimit}`;
}

/** Whether the response comes from the upstream, or is the 202 for a deferred request: duplicates get the same `Location`. */
function isOfUpstream({ answeredBy, deferral }: Exchange): boolean {
  return answeredBy === 'upstream' || deferral?.handedOver === true;
}

/**
 * After these statuses nothing was done: the caller or the moment was wrong, and another attempt, such as with another credential, may
 * succeed.
 */
const triedAgain = new Set([401, 403, 408, 429]);

function isKept(status: number): boolean {
  return status >= 200 && status < 500 && !triedAgain.has(status);
}

/** Fields that belong to one response only: a cookie is set once, and the gateway writes the others anew. */
const notGivenAgain = new Set(['content-length', 'date', 'transfer-encoding', 'connection', 'set-cookie']);

function givenAgain(record: Buffer): Reply {
  const { head, body } = unpackAnswer(record);
  return { status: head.status, headers: [...head.headers, ['Idempotency-Replayed', 'true']], body };
}
