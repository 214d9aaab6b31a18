// A route's `mirror` on one worker: which exchanges are copied, and how their copies are sent afterwards, a bounded number at a time.
// Nothing that the copies' upstream does reaches the client, which has its response already.

import { Random } from '../../base/random.ts';
import { MirrorCell } from '../../telemetry/mirror-cells.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import { forwardTo } from '../attempt.ts';
import type { Exchange } from '../exchange.ts';
import { followingExchange } from '../following-exchange.ts';
import type { Route } from '../route.ts';
import type { ExchangeServices } from '../services.ts';
import { type Comparison, compareAnswers } from './compare-answers.ts';
import { CopyAnswer } from './copy-answer.ts';
import { MirrorCopy } from './mirror-copy.ts';

export interface MirrorSpec {
  /** Share of the exchanges that are copied, 0 to 1. */
  readonly share: number;
  /** In bytes; requests with a larger body are not copied. */
  readonly bodyBytesMax: number;
  /** Copies that one worker has in progress at once, and copies that wait. */
  readonly concurrencyMax: number;
  readonly queueMax: number;
  /** Null: responses are not compared. */
  readonly compare: Comparison | null;
}

/** Differences are logged at most this often. */
const TELL_EVERY_MS = 1_000;

export class MirrorPlan {
  readonly spec: MirrorSpec;
  private readonly name: string;
  private readonly upstream: Upstream;
  /** The route of the copies: without filters and gates, which the original has passed; with the rewrite of the original's route. */
  private readonly route: Route;
  private readonly cellsAt: number;
  private readonly queue: MirrorCopy[];
  private services: ExchangeServices | null;
  private underWay: number;
  /** True while `sendWaiting` sends. */
  private sending: boolean;
  private credit: number;
  private toldAt: number;

  /** `name` is that of the route whose exchanges are copied; `cellsAt` is the offset of its block of mirror cells. */
  constructor(name: string, spec: MirrorSpec, upstream: Upstream, route: Route, cellsAt: number) {
    this.name = name;
    this.spec = spec;
    this.upstream = upstream;
    this.route = route;
    this.cellsAt = cellsAt;
    this.queue = [];
    this.services = null;
    this.underWay = 0;
    this.sending = false;
    // Begins with a random credit, as a split does: see upstream/splitter.ts.
    this.credit = new Random().unit();
    this.toldAt = Number.NEGATIVE_INFINITY;
  }

  /** What is kept for the copy of this exchange; null when it is not copied. The share is exact over time. */
  sample(exchange: Exchange): MirrorCopy | null {
    if (exchange.request.upgrade !== '') return null;
    this.credit += this.spec.share;
    if (this.credit < 1) return null;
    this.credit -= 1;
    return new MirrorCopy(this, exchange);
  }

  /** The exchange is over: its copy is sent now, or when another copy is done; it is dropped when too many wait. */
  launch(copy: MirrorCopy): void {
    const { exchange } = copy;
    // The request was not sent, or not completely: there is nothing to copy.
    if (exchange.sentAt === 0 || !exchange.requestEnded) return;
    if (copy.tooLarge) this.count(exchange.services, MirrorCell.tooLarge);
    else if (this.underWay < this.spec.concurrencyMax) this.send(copy);
    else if (this.queue.length < this.spec.queueMax) this.queue.push(copy);
    else this.count(exchange.services, MirrorCell.dropped);
  }

  private send(copy: MirrorCopy): void {
    const { exchange: live, pieces } = copy;
    this.services ??= { ...live.services, hasNoClient: true };
    const answer = new CopyAnswer(this.spec.compare);
    const exchange = followingExchange(live, this.services, this.route, answer);
    exchange.heldRequest = pieces.length === 0 ? null : pieces;
    this.underWay++;
    answer.whenOver(() => this.over(copy, exchange, answer));
    forwardTo(exchange, this.upstream);
  }

  private over(copy: MirrorCopy, exchange: Exchange, answer: CopyAnswer): void {
    const { services } = exchange;
    this.underWay--;
    if (exchange.answeredBy !== 'upstream' || answer.record === null) this.count(services, MirrorCell.failed);
    else {
      this.count(services, MirrorCell.answered);
      if (this.spec.compare !== null) this.compare(copy, exchange, answer, this.spec.compare);
    }
    this.sendWaiting();
  }

  /** Sends the copies that wait, as far as there is room for them. */
  private sendWaiting(): void {
    // Because: a copy that is refused at once is over within `send`. If each sent the next, a long queue would overflow the stack.
    if (this.sending) return;
    this.sending = true;
    while (this.underWay < this.spec.concurrencyMax) {
      const next = this.queue.shift();
      if (next === undefined) break;
      this.send(next);
    }
    this.sending = false;
  }

  private compare({ live, exchange }: MirrorCopy, copied: Exchange, { record }: CopyAnswer, comparison: Comparison) {
    const { services } = copied;
    const differences = live === null ? null : compareAnswers(live, record!, comparison);
    if (differences === null) {
      this.count(services, MirrorCell.notCompared);
      return;
    }
    if (differences.length === 0) {
      this.count(services, MirrorCell.same);
      return;
    }
    for (const { kind } of differences) this.count(services, cellOf[kind]);
    const { now } = services.io.clock;
    if (now - this.toldAt < TELL_EVERY_MS) return;
    this.toldAt = now;
    services.log('info', 'the answer to a copied request differs', {
      route: this.name,
      mirror: this.upstream.name,
      requestId: exchange.requestId,
      method: exchange.request.method,
      ...Object.fromEntries(differences.map(({ kind, where }) => [kind, where])),
    });
  }

  private count({ cells }: ExchangeServices, cell: number): void {
    cells[this.cellsAt + cell]!++;
  }
}

const cellOf = {
  status: MirrorCell.statusDiffers,
  headers: MirrorCell.headersDiffer,
  body: MirrorCell.bodyDiffers,
} as const;
