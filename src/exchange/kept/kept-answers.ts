// A route's `fallback: { cache }`: the last good responses, kept in memory that all workers share, and given when the upstream fails. Which
// responses may be kept is in may-be-kept.ts; which requests count as the same, in cache-key.ts.

import { hash } from 'node:crypto';
import type { Fault } from '../../base/fault.ts';
import type { Headers } from '../../http/headers.ts';
import type { AnswerTable } from '../../store/answer-table.ts';
import { steadySeconds } from '../../store/answers/steady-seconds.ts';
import { UpstreamCell } from '../../telemetry/metric-families.ts';
import { countVersionAsFailed } from '../count-version.ts';
import type { Exchange } from '../exchange.ts';
import type { Filter } from '../filter.ts';
import { fieldPairs, type PackedHead, packAnswer, unpackAnswer } from '../packed-answer.ts';
import { proxyStatus } from '../problem.ts';
import { answer } from '../reply.ts';
import { cacheKeyOf, type KeptBy, variantOf } from './cache-key.ts';
import { type Keeping, mayBeKept } from './may-be-kept.ts';

export interface KeptAnswersSpec {
  readonly keepMs: number;
  readonly answerBytesMax: number;
  readonly by: KeptBy;
  /** Names in lower case. */
  readonly ignoredHeaders: readonly string[];
}

/** A kept response. An entry with `vary` holds none: the responses to its requests differ by these fields, and are kept as variants. */
interface KeptHead extends PackedHead {
  readonly vary?: readonly string[];
  readonly keeping?: Keeping;
  /** In `steadySeconds`. With `vary`: variants that were stored earlier are no longer what the upstream gives. */
  readonly storedAt: number;
}

/** What an exchange has in this filter's slot: the request's key, and the arriving response; `head` is null if none is to be kept. */
interface Asked {
  readonly cacheKey: string;
  head: KeptHead | null;
  digest: Buffer | null;
  pieces: Buffer[];
  bytes: number;
}

/** Fields that are made anew when the response is given. */
const ownFields = new Set(['age', 'connection', 'content-length', 'date', 'trailer', 'transfer-encoding']);

/**
 * A response that differs by one of these fields belongs to one request only, as with `*`: the gateway itself writes the caller or the
 * request's id into them for the upstream, whatever the client sent.
 */
const ofOneRequest = new Set(['*', 'x-forwarded-for', 'forwarded', 'x-request-id', 'traceparent', 'tracestate']);

/** Within this time the same response is not stored again, so that a busy route spends little time on storing. */
const KEEP_AGAIN_SECONDS = 2;

export class KeptAnswers {
  private readonly spec: KeptAnswersSpec;
  private readonly table: AnswerTable;
  private readonly routeName: string;
  private readonly slot: number;
  private readonly keepSeconds: number;
  private readonly ignored: ReadonlySet<string>;
  /** Must be the last filter of the route's chain, so that it sees responses as the upstream gave them. */
  readonly filter: Filter;

  /** `slot` is the filter's position in the chain. */
  constructor(spec: KeptAnswersSpec, table: AnswerTable, routeName: string, slot: number) {
    this.spec = spec;
    this.table = table;
    this.routeName = routeName;
    this.slot = slot;
    this.keepSeconds = Math.floor(spec.keepMs / 1_000);
    this.ignored = new Set(spec.ignoredHeaders);
    this.filter = {
      onRequest: exchange => this.asked(exchange),
      onResponse: exchange => this.answered(exchange),
      onResponseBody: (exchange, piece, last) => this.came(exchange, piece, last),
    };
  }

  /** Gives the kept response to this request instead of the fault. False when there is none, or when the fault is not the upstream's. */
  give(exchange: Exchange, fault: Fault): boolean {
    const asked = this.askedBy(exchange);
    if (asked === undefined || fault.kind.source !== 'upstream' || exchange.answeredBy !== 'nobody') return false;
    const now = steadySeconds();
    const kept = this.find(asked.cacheKey, exchange, now);
    if (kept === null) return false;
    const { head, body, keeping } = kept;
    const keptSeconds = Math.max(0, now - head.storedAt);
    // Because: the response may have been kept before a reload that lowered the limit.
    if (keptSeconds >= this.keepSeconds) return false;
    const age = keeping.ageSeconds + keptSeconds;
    exchange.services.cells[exchange.upstream!.metricsOffset + UpstreamCell.keptGiven]!++;
    countVersionAsFailed(exchange);
    // RFC 9211 section 2: a hit is a request that was not forwarded.
    const served = exchange.sentAt === 0 ? `hit; ttl=${keeping.freshSeconds - age}` : 'fwd=stale';
    answer(exchange, {
      status: head.status,
      headers: [
        ...head.headers,
        ['Age', String(age)],
        ['Cache-Status', `cardea; ${served}; detail=${fault.code}`],
        ['Proxy-Status', proxyStatus(fault)],
      ],
      body,
    });
    return true;
  }

  private asked(exchange: Exchange): void {
    const cacheKey = cacheKeyOf(exchange, this.spec.by, this.ignored);
    if (cacheKey === null) return;
    exchange.state[this.slot] = { cacheKey, head: null, digest: null, pieces: [], bytes: 0 } satisfies Asked;
  }

  private answered(exchange: Exchange): void {
    const { response } = exchange;
    const asked = this.askedBy(exchange);
    if (asked === undefined || response === null || exchange.answeredBy !== 'upstream') return;
    if (exchange.request.method !== 'GET') return;
    // What another upstream gave in place of the route's own is no good response of this one: that upstream is asked again next time.
    const { fallback } = exchange.route!.plan.resilience;
    if (fallback?.kind === 'upstream' && fallback.upstream === exchange.upstream) return;
    const now = steadySeconds();
    // Because: `Expires` and `Date` are times of the calendar, and this runs only on routes that keep responses.
    const keeping = mayBeKept(response.status, response.headers, this.keepSeconds, Date.now());
    const vary = varyOf(response.headers);
    const { cacheKey } = asked;
    if (
      keeping === null ||
      vary.some(name => ofOneRequest.has(name)) ||
      response.contentLength > this.spec.answerBytesMax
    ) {
      if (outdatesKept(response.status)) this.table.forget(this.digest(cacheKey));
      return;
    }
    asked.digest = this.digest(vary.length === 0 ? cacheKey : variantOf(cacheKey, exchange, vary));
    const until = now + secondsLeft(keeping);
    const keptUntil = this.table.keepsUntil(asked.digest);
    // An entry that is kept longer than this response could be is another response.
    if (keptUntil >= until - KEEP_AGAIN_SECONDS && keptUntil <= until) return;
    const headers = fieldPairs(response.headers.lines(), ownFields);
    asked.head = { status: response.status, headers, keeping, storedAt: now };
    if (vary.length > 0) this.keepVary(cacheKey, vary, keeping, now);
    if (response.hasBody) response.filterBody(this.slot);
    else this.keep(exchange, asked, asked.head, keeping);
  }

  private came(exchange: Exchange, piece: Buffer, last: boolean): void {
    const asked = this.askedBy(exchange);
    if (asked === undefined || asked.head === null) return;
    asked.bytes += piece.length;
    if (asked.bytes > this.spec.answerBytesMax) {
      this.table.forget(this.digest(asked.cacheKey));
      asked.head = null;
      asked.pieces = [];
      return;
    }
    if (piece.length > 0) asked.pieces.push(piece);
    if (last) this.keep(exchange, asked, asked.head, asked.head.keeping!);
  }

  private keep({ services, upstream }: Exchange, { digest, pieces }: Asked, head: KeptHead, keeping: Keeping): void {
    const kept = this.table.put(digest!, packAnswer(head, pieces), head.storedAt, head.storedAt + secondsLeft(keeping));
    if (kept) services.cells[upstream!.metricsOffset + UpstreamCell.keptStored]!++;
  }

  /** Stores, under the request's own key, the names of the fields by which its responses differ. */
  private keepVary(cacheKey: string, vary: readonly string[], keeping: Keeping, now: number): void {
    const digest = this.digest(cacheKey);
    const before = this.read(digest, now)?.head;
    const isFirst = before?.vary === undefined;
    const head: KeptHead = { status: 0, headers: [], vary, storedAt: isFirst ? now : before.storedAt };
    // Because: variants that are kept longer than this one are found through this entry, too.
    const until = Math.max(now + secondsLeft(keeping), isFirst ? 0 : this.table.keepsUntil(digest));
    this.table.put(digest, packAnswer(head, []), now, until);
  }

  private find(cacheKey: string, exchange: Exchange, now: number) {
    let kept = this.read(this.digest(cacheKey), now);
    let since = 0;
    if (kept?.head.vary !== undefined) {
      since = kept.head.storedAt;
      kept = this.read(this.digest(variantOf(cacheKey, exchange, kept.head.vary)), now);
    }
    const keeping = kept?.head.keeping;
    return kept === null || keeping === undefined || kept.head.storedAt < since ? null : { ...kept, keeping };
  }

  private read(digest: Buffer, now: number): { readonly head: KeptHead; readonly body: Buffer } | null {
    const found = this.table.find(digest, now);
    return found?.kind === 'stored' ? unpackAnswer<KeptHead>(found.bytes) : null;
  }

  private digest(cacheKey: string): Buffer {
    return hash('sha256', `${this.routeName}\0${cacheKey}`, 'buffer').subarray(0, 16);
  }

  private askedBy(exchange: Exchange): Asked | undefined {
    // Because: only the filter of this object writes this cell.
    return exchange.state[this.slot] as Asked | undefined;
  }
}

/**
 * Whether a response that is not kept shows that the kept one is out of date: the content has become private, has moved, or is gone.
 * Partial responses, met conditions (304) and refusals do not show that.
 */
function outdatesKept(status: number): boolean {
  return (status >= 200 && status < 400 && status !== 206 && status !== 304) || status === 404 || status === 410;
}

/** For how many seconds the response may still be given. */
function secondsLeft({ ageSeconds, oldestSeconds }: Keeping): number {
  return oldestSeconds - ageSeconds;
}

/** The fields by which responses differ, in lower case and sorted: those that Vary names, and those that servers forget to name there. */
function varyOf(headers: Headers): string[] {
  const said = (headers.getJoined('vary') ?? '').toLowerCase().split(',');
  const names = new Set(said.map(name => name.trim()).filter(name => name !== ''));
  if (headers.has('content-encoding')) names.add('accept-encoding');
  if ((headers.get('access-control-allow-origin') ?? '*') !== '*') names.add('origin');
  return [...names].sort();
}
