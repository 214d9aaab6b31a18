// Takes an answer in the place of a client that was told to come back for it, up to a size. Where it is kept is not known here.

import type { Headers } from '../../http/headers.ts';
import type { ResponseWriter } from '../../net/exchange-ends.ts';
import type { Reply } from '../response.ts';

/** What is kept of an answer: null for one that was too large. */
export type OnRecorded = (answer: Buffer | null) => void;

interface Head {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

const HEAD_LENGTH_BYTES = 4;

/** Fields that the answer gets anew when it is given. */
const ownFields = new Set(['date', 'content-length', 'transfer-encoding', 'trailer']);

export class AnswerRecorder implements ResponseWriter {
  private readonly bytesMax: number;
  private readonly onRecorded: OnRecorded;
  private readonly pieces: Buffer[];
  private head: Head;
  private bytes: number;

  constructor(bytesMax: number, onRecorded: OnRecorded) {
    this.bytesMax = bytesMax;
    this.onRecorded = onRecorded;
    this.pieces = [];
    this.head = { status: 502, headers: [] };
    this.bytes = 0;
  }

  startResponse(status: number, headers: Headers): void {
    const fields = headers.lines().split('\r\n').slice(0, -1).map(fieldOf);
    this.head = { status, headers: fields.filter(([name]) => !ownFields.has(name.toLowerCase())) };
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    this.bytes += end - start;
    if (this.bytes > this.bytesMax) this.pieces.length = 0;
    // Because: the read buffer is overwritten by the next read.
    else this.pieces.push(Buffer.from(bytes.subarray(start, end)));
  }

  endResponse(): void {
    const head = Buffer.from(JSON.stringify(this.head));
    const length = Buffer.alloc(HEAD_LENGTH_BYTES);
    length.writeUInt32LE(head.length);
    const fits = HEAD_LENGTH_BYTES + head.length + this.bytes <= this.bytesMax;
    // Because: it is kept in one piece, is bounded, and no client waits for it.
    this.onRecorded(fits ? Buffer.concat([length, head, ...this.pieces]) : null);
  }

  endTunnelOut(): boolean {
    return false;
  }

  abortResponse(): void {
    this.onRecorded(null);
  }

  sendInformational(): void {}
  pauseRequest(): void {}
  resumeRequest(): void {}
}

/** Name and value of a field line. */
function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** A recorded answer, to be given. */
export function recordedReply(record: Buffer): Reply {
  const bodyAt = HEAD_LENGTH_BYTES + record.readUInt32LE();
  // Because: the record is the gateway's own, and polling for an answer is not the hot path.
  const head = JSON.parse(record.toString('utf8', HEAD_LENGTH_BYTES, bodyAt)) as Head;
  return { ...head, body: record.subarray(bodyAt) };
}
