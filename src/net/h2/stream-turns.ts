// Decides which stream of a connection sends next. A stream sends at once as much as windows and socket take; streams with bytes left
// wait, and send a frame each in turn. For both roles.

import type { SendWindow } from '../../http/h2/flow-window.ts';
import { FRAME_BYTES_DEFAULT } from '../../http/h2/frame.ts';
import type { FrameOutbox } from './frame-outbox.ts';

/** The part of a stream that concerns sending. */
export interface SendingStream {
  readonly id: number;
  /** Bytes of DATA that the peer still takes on this stream; a changed setting can make it negative. */
  readonly sendWindow: number;
  /** Notes that `count` bytes of the stream were put into frames. */
  noteSent(count: number): void;
  /** Sends at most `budget` of the waiting bytes. Returns how many were sent. */
  sendWaiting(budget: number): number;
  /** Returns whether all waiting bytes have been sent; if so, resumes the flow or ends the stream. */
  finishTurn(): boolean;
}

export class StreamTurns<Stream extends SendingStream> {
  private readonly outbox: FrameOutbox;
  private readonly window: SendWindow;
  private readonly waiting: Stream[];

  /** `window` is the send window of the connection. */
  constructor(outbox: FrameOutbox, window: SendWindow) {
    this.outbox = outbox;
    this.window = window;
    this.waiting = [];
  }

  /** Sends as many bytes of `bytes[start, end)` as windows and socket take now. Returns how many. */
  send(stream: Stream, bytes: Buffer, start: number, end: number): number {
    const { outbox, window } = this;
    let at = start;
    while (at < end && !outbox.blocked) {
      const size = Math.min(end - at, stream.sendWindow, window.available, FRAME_BYTES_DEFAULT);
      if (size <= 0) break;
      outbox.data(stream.id, bytes, at, at + size);
      stream.noteSent(size);
      window.available -= size;
      at += size;
    }
    return at - start;
  }

  /** Adds a stream to those that wait to send. It stays there until its `finishTurn` returns true. */
  wait(stream: Stream): void {
    this.waiting.push(stream);
  }

  /** Removes a stream that is over. One whose peer gives no room would otherwise be kept for as long as the connection lives. */
  forget(stream: Stream): void {
    const at = this.waiting.indexOf(stream);
    if (at !== -1) this.waiting.splice(at, 1);
  }

  /** Gives the waiting streams their turns until none is left, or windows or socket are full. */
  serve(): void {
    const { waiting, outbox, window } = this;
    let idleTurns = 0;
    while (waiting.length > 0 && idleTurns < waiting.length && !outbox.blocked && window.available > 0) {
      const stream = waiting.shift()!;
      const sent = stream.sendWaiting(FRAME_BYTES_DEFAULT);
      if (stream.finishTurn()) idleTurns = 0;
      else {
        waiting.push(stream);
        idleTurns = sent > 0 ? 0 : idleTurns + 1;
      }
    }
  }
}
