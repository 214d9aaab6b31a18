// Receives a deferred response in place of its client, up to a size. Does not know where it is kept.

import type { Headers } from '../../http/headers.ts';
import type { ResponseWriter } from '../../net/exchange-ends.ts';
import { fieldPairs, type PackedHead, packAnswer, unpackAnswer } from '../packed-answer.ts';
import type { Reply } from '../response.ts';

/** Gets the packed response; null when it was too large or was broken off. */
export type OnRecorded = (answer: Buffer | null) => void;

/** Fields that are made anew when the response is given to its client. */
const ownFields = new Set(['date', 'content-length', 'transfer-encoding', 'trailer']);

export class AnswerRecorder implements ResponseWriter {
  private readonly bytesMax: number;
  private readonly onRecorded: OnRecorded;
  private readonly pieces: Buffer[];
  private head: PackedHead;
  private bytes: number;

  constructor(bytesMax: number, onRecorded: OnRecorded) {
    this.bytesMax = bytesMax;
    this.onRecorded = onRecorded;
    this.pieces = [];
    this.head = { status: 502, headers: [] };
    this.bytes = 0;
  }

  startResponse(status: number, headers: Headers): void {
    this.head = { status, headers: fieldPairs(headers.lines(), ownFields) };
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    this.bytes += end - start;
    if (this.bytes > this.bytesMax) this.pieces.length = 0;
    // Because: the read buffer is overwritten by the next read.
    else this.pieces.push(Buffer.from(bytes.subarray(start, end)));
  }

  endResponse(): void {
    const packed = this.bytes > this.bytesMax ? null : packAnswer(this.head, this.pieces);
    this.onRecorded(packed !== null && packed.length <= this.bytesMax ? packed : null);
  }

  acceptsSwitch(): boolean {
    return false;
  }

  endTunnelOut(): boolean {
    return false;
  }

  abortResponse(): void {
    this.onRecorded(null);
  }

  closeAfter(): void {}
  sendInformational(): void {}
  pauseRequest(): void {}
  resumeRequest(): void {}
}

/** Makes a reply from a recorded response. */
export function recordedReply(record: Buffer): Reply {
  const { head, body } = unpackAnswer(record);
  return { ...head, body };
}
