// Receives the response to a copied request in place of a client. Keeps what is compared, drops the rest.

import type { Headers } from '../../http/headers.ts';
import type { ResponseWriter } from '../../net/exchange-ends.ts';
import { AnswerRecord } from './answer-record.ts';
import type { Comparison } from './compare-answers.ts';

export class CopyAnswer implements ResponseWriter {
  /** Null until the head of the response arrived. */
  record: AnswerRecord | null;
  private readonly compare: Comparison | null;
  private onOver: (() => void) | null;

  constructor(compare: Comparison | null) {
    this.record = null;
    this.compare = compare;
    this.onOver = null;
  }

  /** Calls `onOver` once, when nothing more arrives. */
  whenOver(onOver: () => void): void {
    this.onOver = onOver;
  }

  startResponse(status: number, headers: Headers): void {
    const { compare } = this;
    this.record = new AnswerRecord(status, headers, compare?.headers ?? [], compare?.body ? compare.bodyBytesMax : 0);
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    this.record!.push(bytes, start, end);
  }

  endResponse(): void {
    if (this.record !== null) this.record.complete = true;
    this.over();
  }

  acceptsSwitch(): boolean {
    return false;
  }

  endTunnelOut(): boolean {
    return false;
  }

  abortResponse(): void {
    this.over();
  }

  closeAfter(): void {}
  sendInformational(): void {}
  pauseRequest(): void {}
  resumeRequest(): void {}

  private over(): void {
    const { onOver } = this;
    this.onOver = null;
    onOver?.();
  }
}
