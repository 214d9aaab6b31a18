// The idempotency filter: the first answer to a key is kept and given to those who ask the same again.

import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../base/fault.ts';
import { hashText } from '../../base/hash.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition } from '../../exchange/filter.ts';
import { fieldPairs, packAnswer, unpackAnswer } from '../../exchange/packed-answer.ts';
import type { Reply } from '../../exchange/response.ts';
import { AnswerTable, answerTableBytes, type Claim } from '../../store/answer-table.ts';
import { nowSeconds } from '../../store/answers/now-seconds.ts';
import type { IdempotencyConfig } from './config.ts';
import { FirstRequest, underWaySeconds } from './first-request.ts';

const KEY_LETTERS_MAX = 255;

/** A duplicate that waits looks for the first answer so often: other workers tell nobody. */
const LOOK_AGAIN_MS = 10;
const LOOK_AGAIN_MS_MAX = 250;

export const idempotencyFilter: FilterDefinition<IdempotencyConfig> = {
  name: 'idempotency',
  events: ['first', 'replayed', 'conflict', 'reused', 'full'],
  needs: config => ({
    tables: [{ name: tableName(config), bytes: answerTableBytes(config.memory, config.answerLimit) }],
  }),
  build(config, { slot, worker, eventCell }): Filter {
    const table = new AnswerTable(worker.sharedTable(tableName(config)), config.answerLimit);
    const count = (event: string) => {
      const cell = eventCell(event);
      return () => worker.cells[cell]++;
    };
    const [first, replayed, conflict, reused, full] = ['first', 'replayed', 'conflict', 'reused', 'full'].map(
      count,
    ) as [() => number, () => number, () => number, () => number, () => number];
    let waiting = 0;

    return {
      onRequest(exchange): void | Promise<void> {
        const { request } = exchange;
        if (!config.methods.includes(request.method)) return;
        const key = request.headers.get('idempotency-key');
        if (key === undefined) {
          if (config.required) exchange.refuse(new Fault('idempotency_key_missing'));
          return;
        }
        if (key.length === 0 || key.length > KEY_LETTERS_MAX) {
          exchange.refuse(new Fault('idempotency_key_missing', `Idempotency-Key has 1 to ${KEY_LETTERS_MAX} letters.`));
          return;
        }
        // Because: of the exchange, since a filter of all routes is built for none.
        const digest = digestOf([exchange.routeName, callerOf(exchange), key]);
        const { method, authority, path, query, contentLength } = request;
        const type = request.headers.get('content-type');
        const question = `${method} ${authority}${path}?${query} ${contentLength} ${type} ${unknownCredential(exchange)}`;
        const fingerprint = hashText(question) | 0;
        const ask = () => table.claim(digest, fingerprint, nowSeconds(), underWaySeconds(config.underWayFor));
        const claim = ask();
        if (claim.kind !== 'underWay' || config.whileInFlight === 'conflict') settle(exchange, digest, claim);
        else if (waiting >= config.waiters) settle(exchange, digest, claim);
        else return wait(exchange, digest, ask);
      },

      onResponse(exchange) {
        const own = firstOf(exchange, slot);
        const { response } = exchange;
        if (own === null || response === null || !isOfUpstream(exchange) || !isKept(response.status)) return;
        own.status = response.status;
        own.headers = fieldPairs(response.headers.lines(), notGivenAgain);
        own.pieces = [];
        if (response.hasBody) response.filterBody(slot);
        else keep(own);
      },

      onResponseBody(exchange, piece, last) {
        const own = firstOf(exchange, slot);
        if (own === null) return;
        own.bytes += piece.length;
        if (own.bytes > config.answerLimit) own.pieces = [];
        else own.pieces?.push(piece);
        if (last) keep(own);
      },

      onEnd(exchange) {
        const own = firstOf(exchange, slot);
        // Whether the upstream did it is not known when the client left, or was cut off: duplicates are kept out for a while.
        own?.end(exchange.fault === null || !exchange.fault.endsUnheard);
      },
    };

    /** Until the first one has its answer or is given up, when this one takes its place; not beyond its time, or its client's. */
    async function wait(exchange: Exchange, digest: Buffer, ask: () => Claim): Promise<void> {
      waiting++;
      try {
        const until = worker.clock.now + config.waitFor;
        for (let pauseMs = LOOK_AGAIN_MS; ; pauseMs = Math.min(LOOK_AGAIN_MS_MAX, pauseMs * 2)) {
          await delay(Math.min(pauseMs, Math.max(1, until - worker.clock.now)));
          if (exchange.ended) return;
          const claim = ask();
          // Because: the clock is read once a turn of the loop, and this turn is the timer's.
          if (claim.kind === 'underWay' && performance.now() < until) continue;
          settle(exchange, digest, claim);
          return;
        }
      } finally {
        waiting--;
      }
    }

    function settle(exchange: Exchange, digest: Buffer, claim: Claim): void {
      switch (claim.kind) {
        case 'first':
          first();
          exchange.state[slot] = firstRequest(exchange, digest, claim.slot);
          return;
        case 'stored':
          replayed();
          exchange.reply(givenAgain(claim.bytes));
          return;
        case 'underWay':
          conflict();
          exchange.refuse(new Fault('idempotency_conflict'), [['Retry-After', '1']]);
          return;
        case 'notKept':
          conflict();
          exchange.refuse(
            new Fault('idempotency_conflict', 'The first request was answered; its answer was too large to be kept.'),
          );
          return;
        case 'otherQuestion':
          reused();
          exchange.refuse(new Fault('idempotency_key_reused'));
          return;
        case 'full':
          full();
          exchange.refuse(new Fault('idempotency_full'), [['Retry-After', '1']]);
      }
    }

    function firstRequest({ services }: Exchange, digest: Buffer, at: number): FirstRequest {
      const { wheel, clock } = services.io;
      return new FirstRequest(table, at, digest, config.underWayFor, wheel, clock.now);
    }

    function keep(own: FirstRequest): void {
      const fits = own.pieces !== null && own.bytes <= config.answerLimit;
      const answer = fits ? packAnswer({ status: own.status, headers: own.headers }, own.pieces!) : null;
      own.keep(answer, config.keepFor);
    }
  },
};

function tableName({ memory, answerLimit }: IdempotencyConfig): string {
  return `idempotency ${memory} ${answerLimit}`;
}

function firstOf(exchange: Exchange, slot: number): FirstRequest | null {
  // Because: only this filter writes its cell.
  return (exchange.state[slot] as FirstRequest | undefined) ?? null;
}

function digestOf(parts: readonly unknown[]): Buffer {
  return hash('sha256', JSON.stringify(parts), 'buffer').subarray(0, 16);
}

/**
 * Nobody else's answer is ever given to a caller: neither that of another user of the same consumer, nor that of a user whom another
 * issuer calls the same.
 */
function callerOf({ consumer, identity, client }: Exchange): readonly unknown[] {
  if (identity === null) return consumer === null ? ['ip', client.ip] : [consumer.name];
  const { by, subject, keyId, claims } = identity;
  if (consumer === null) return [null, by, claims?.['iss'] ?? null, subject, keyId];
  // Because: a request that is sent again with the consumer's next key is the same request, and a certificate is replaced as well.
  return subject === keyId ? [consumer.name] : [consumer.name, by, claims?.['iss'] ?? null, subject];
}

/**
 * What only the upstream can judge: of callers behind one address, who brings another credential is refused (422), neither given the answer
 * of the first nor taken for somebody new, since a credential that changes with each try would have the thing done twice.
 */
function unknownCredential({ consumer, identity, request }: Exchange): string {
  return consumer === null && identity === null ? (request.headers.get('authorization') ?? '') : '';
}

/** Its answer, or the place where its answer will be: what was asked is done, and duplicates are told the same place. */
function isOfUpstream({ answeredBy, deferral }: Exchange): boolean {
  return answeredBy === 'upstream' || deferral?.handedOver === true;
}

/** Of these nothing was done: they say that the caller or the time was wrong, and another try, with another credential say, may do it. */
const triedAgain = new Set([401, 403, 408, 429]);

function isKept(status: number): boolean {
  return status >= 200 && status < 500 && !triedAgain.has(status);
}

/** Of this answer alone: a cookie is given once, and the rest is made anew. */
const notGivenAgain = new Set(['content-length', 'date', 'transfer-encoding', 'connection', 'set-cookie']);

function givenAgain(record: Buffer): Reply {
  const { head, body } = unpackAnswer(record);
  return { status: head.status, headers: [...head.headers, ['Idempotency-Replayed', 'true']], body };
}
