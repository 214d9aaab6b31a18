// Passes the pieces of one body through the filters that change it, in order and one at a time, whether the filters wait or not.

import type { Exchange } from './exchange.ts';

/** One filter's body hook, bound to its filter. */
export type BodyHook = (exchange: Exchange, piece: Buffer, last: boolean) => Buffer | void | Promise<Buffer | void>;

/** Where a pipe's output goes, and how the pipe pauses and resumes its source. */
export interface BodyPipeEnds {
  output(exchange: Exchange, piece: Buffer, last: boolean): void;
  pause(exchange: Exchange): void;
  resume(exchange: Exchange): void;
  failed(exchange: Exchange, error: unknown): void;
}

const empty = Buffer.alloc(0);

/** Its memory is bounded because it pauses its source: at most the pieces of one read wait here. */
export class BodyPipe {
  private readonly exchange: Exchange;
  private readonly hooks: readonly BodyHook[];
  private readonly ends: BodyPipeEnds;
  private readonly queue: Buffer[];
  private lastQueued: boolean;
  private busy: boolean;
  private closed: boolean;

  constructor(exchange: Exchange, hooks: readonly BodyHook[], ends: BodyPipeEnds) {
    this.exchange = exchange;
    this.hooks = hooks;
    this.ends = ends;
    this.queue = [];
    this.lastQueued = false;
    this.busy = false;
    this.closed = false;
  }

  /** Takes a piece. The caller must not touch its bytes afterwards. */
  push(piece: Buffer): void {
    if (this.busy) {
      this.queue.push(piece);
      this.ends.pause(this.exchange);
    } else this.run(piece, false, 0);
  }

  /** The body is complete. */
  end(): void {
    if (this.busy) this.lastQueued = true;
    else this.run(empty, true, 0);
  }

  /** The body goes nowhere any more: pieces that wait are dropped, and the hooks are not called again. */
  close(): void {
    this.closed = true;
  }

  private run(piece: Buffer, last: boolean, from: number): void {
    const { exchange, hooks } = this;
    // The output of the piece before may have ended the exchange.
    if (exchange.ended || this.closed) return;
    for (let i = from; i < hooks.length; i++) {
      let result: ReturnType<BodyHook>;
      try {
        result = hooks[i]!(exchange, piece, last);
      } catch (error) {
        this.fail(error);
        return;
      }
      if (result instanceof Promise) {
        this.wait(result, piece, last, i + 1);
        return;
      }
      if (result !== undefined) piece = result;
    }
    if (exchange.ended || this.closed) return;
    if (last) this.closed = true;
    this.ends.output(exchange, piece, last);
  }

  private wait(result: Promise<Buffer | void>, piece: Buffer, last: boolean, next: number): void {
    this.busy = true;
    const { io } = this.exchange.services;
    result.then(
      changed => {
        if (this.exchange.ended || this.closed) return;
        io.clock.tick();
        this.busy = false;
        this.run(changed ?? piece, last, next);
        this.drain();
        io.outbox.flush();
      },
      (error: unknown) => {
        if (this.exchange.ended) return;
        io.clock.tick();
        this.fail(error);
        io.outbox.flush();
      },
    );
  }

  /** Runs the pieces that queued up while a filter waited, then resumes the source. */
  private drain(): void {
    while (!this.busy && !this.closed && !this.exchange.ended) {
      const piece = this.queue.shift();
      if (piece !== undefined) this.run(piece, false, 0);
      else if (this.lastQueued) {
        this.lastQueued = false;
        this.run(empty, true, 0);
      } else {
        this.ends.resume(this.exchange);
        return;
      }
    }
  }

  private fail(error: unknown): void {
    if (this.closed) return;
    this.closed = true;
    this.ends.failed(this.exchange, error);
  }
}
