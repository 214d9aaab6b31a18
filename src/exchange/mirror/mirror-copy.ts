// What is kept of one sampled exchange for its copy: the request's body as it went upstream, and the response. Sends nothing.

import type { Headers } from '../../http/headers.ts';
import type { Exchange } from '../exchange.ts';
import { AnswerRecord } from './answer-record.ts';
import type { MirrorPlan } from './mirror-plan.ts';

export class MirrorCopy {
  readonly exchange: Exchange;
  readonly pieces: Buffer[];
  /** The response to the client, as it is compared; null until its head arrived, and where responses are not compared. */
  live: AnswerRecord | null;
  tooLarge: boolean;
  private readonly plan: MirrorPlan;
  private bytes: number;

  constructor(plan: MirrorPlan, exchange: Exchange) {
    this.plan = plan;
    this.exchange = exchange;
    this.pieces = [];
    this.live = null;
    this.tooLarge = exchange.request.contentLength > plan.spec.bodyBytesMax;
    this.bytes = 0;
  }

  /** Takes a piece of the request's body that goes upstream. */
  sent(bytes: Buffer, start: number, end: number): void {
    if (this.tooLarge) return;
    this.bytes += end - start;
    this.tooLarge = this.bytes > this.plan.spec.bodyBytesMax;
    if (this.tooLarge) this.pieces.length = 0;
    // Because: the read buffer is overwritten by the next read.
    else this.pieces.push(Buffer.from(bytes.subarray(start, end)));
  }

  /** Takes the head of the upstream's response, before filters change it. */
  answered(status: number, headers: Headers): void {
    const { compare } = this.plan.spec;
    if (compare === null || this.tooLarge) return;
    this.live = new AnswerRecord(status, headers, compare.headers, compare.body ? compare.bodyBytesMax : 0);
  }

  /** The exchange is over: gives the copy to the plan. */
  ended(): void {
    this.plan.launch(this);
  }
}
