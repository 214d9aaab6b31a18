// A pool of buffers of one size, each lent for as long as the bytes in it wait to be sent. One pool per thread.

export class BufferPool {
  readonly bufferBytes: number;
  private readonly free: Buffer[];
  private readonly freeMax: number;

  /** Keeps at most `freeMax` returned buffers for reuse. */
  constructor(bufferBytes: number, freeMax: number) {
    this.bufferBytes = bufferBytes;
    this.free = [];
    this.freeMax = freeMax;
  }

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(this.bufferBytes);
  }

  give(buffer: Buffer): void {
    if (this.free.length < this.freeMax) this.free.push(buffer);
  }
}
