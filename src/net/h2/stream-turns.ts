// Which of a connection's streams sends next: as much as windows and socket take at once, then a frame each in turn. For both roles.

import type { SendWindow } from '../../http/h2/flow-window.ts';
import { FRAME_BYTES_DEFAULT } from '../../http/h2/frame.ts';
import type { FrameOutbox } from './frame-outbox.ts';

/** A stream as far as sending goes. */
export interface SendingStream {
  readonly id: number;
  /** How many bytes the peer takes of it. */
  readonly sendWindow: number;
  /** Takes note of bytes that were put into frames. */
  noteSent(count: number): void;
  /** Sends of what waits at most `budget` bytes. Returns how many it were. */
  sendWaiting(budget: number): number;
  /** Whether all that waited has been sent; then the flow goes on, or the stream ends. */
  goOn(): boolean;
}

export class StreamTurns<Stream extends SendingStream> {
  private readonly outbox: FrameOutbox;
  private readonly window: SendWindow;
  private readonly waiting: Stream[];

  /** `window` is the connection's. */
  constructor(outbox: FrameOutbox, window: SendWindow) {
    this.outbox = outbox;
    this.window = window;
    this.waiting = [];
  }

  /** Sends as much of a stream's bytes as windows and socket take now. Returns how many. */
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

  /** The stream is told, through `goOn`, once its bytes have left. */
  wait(stream: Stream): void {
    this.waiting.push(stream);
  }

  /** The stream is over, and waits no longer. One whose peer gives no room would else be kept for as long as the connection lives. */
  forget(stream: Stream): void {
    const at = this.waiting.indexOf(stream);
    if (at !== -1) this.waiting.splice(at, 1);
  }

  /** Serves the streams that wait until windows or socket are full. */
  serve(): void {
    const { waiting, outbox, window } = this;
    let idleTurns = 0;
    while (waiting.length > 0 && idleTurns < waiting.length && !outbox.blocked && window.available > 0) {
      const stream = waiting.shift()!;
      const sent = stream.sendWaiting(FRAME_BYTES_DEFAULT);
      if (stream.goOn()) idleTurns = 0;
      else {
        waiting.push(stream);
        idleTurns = sent > 0 ? 0 : idleTurns + 1;
      }
    }
  }
}
