// Buffers of one size that are lent for as long as bytes wait to leave. One pool a thread.

export class BufferPool {
  readonly bufferBytes: number;
  private readonly free: Buffer[];
  private readonly freeMax: number;

  /** Keeps at most `freeMax` buffers that nobody has. */
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
