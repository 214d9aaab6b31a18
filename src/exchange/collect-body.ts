// Collects a request's body for a filter that needs all of it before it decides: a form, a signed document. Bounded.

import type { Exchange } from './exchange.ts';

/** Takes the pieces of a body as they arrive; see `requestBody` in pump.ts. */
export class BodyCollector {
  private readonly exchange: Exchange;
  private readonly bytesMax: number;
  private readonly pieces: Buffer[];
  private bytes: number;
  private resolve: (body: Buffer | null) => void;

  constructor(exchange: Exchange, bytesMax: number, resolve: (body: Buffer | null) => void) {
    this.exchange = exchange;
    this.bytesMax = bytesMax;
    this.pieces = exchange.heldRequest ?? [];
    this.bytes = 0;
    for (const piece of this.pieces) this.bytes += piece.length;
    this.resolve = resolve;
    exchange.heldRequest = this.pieces;
  }

  push(bytes: Buffer, start: number, end: number): void {
    // Because: the read buffer is overwritten by the next read.
    this.pieces.push(Buffer.from(bytes.subarray(start, end)));
    this.bytes += end - start;
    if (this.bytes > this.bytesMax) this.finish(false);
  }

  end(): void {
    this.finish(true);
  }

  private finish(whole: boolean): void {
    this.exchange.collector = null;
    // Because: the whole body is wanted in one piece, and its size is bounded.
    this.resolve(whole && this.bytes <= this.bytesMax ? Buffer.concat(this.pieces) : null);
  }
}

/**
 * Resolves with the request's body, or with null when it is larger than `bytesMax`. Call it in `onRequest` only, and wait for it there. The
 * collected body still goes upstream unless the filter responds. Never settles when the client leaves before the end.
 */
export function collectBody(exchange: Exchange, bytesMax: number): Promise<Buffer | null> {
  const { request } = exchange;
  return new Promise(resolve => {
    const collector = new BodyCollector(exchange, bytesMax, resolve);
    if (exchange.requestEnded) {
      collector.end();
      return;
    }
    if (request.contentLength > bytesMax) {
      resolve(null);
      return;
    }
    exchange.collector = collector;
    if (request.expectContinue) exchange.downstream.sendInformational(100, '');
    exchange.downstream.resumeRequest();
  });
}
