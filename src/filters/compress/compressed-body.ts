// The body of one answer while it is compressed, from its first piece until the exchange is over. Decides nothing.

import type { Encoding } from './accept-encoding.ts';
import { compressWhole, type Levels, StreamCompressor } from './compressor.ts';

/** `whole` gathers the body and compresses it at its end, `stream` as it comes, `live` so that nothing is held back. */
export type CompressionMode = 'whole' | 'stream' | 'live';

const nothing = Buffer.alloc(0);

/** Streams open in this thread, over all routes: what their number bounds is memory. */
let open = 0;

export function openStreams(): number {
  return open;
}

export class CompressedBody {
  private readonly encoding: Encoding;
  private readonly levels: Levels;
  private readonly gathered: Buffer[];
  private stream: StreamCompressor | null;

  constructor(encoding: Encoding, levels: Levels, mode: CompressionMode) {
    this.encoding = encoding;
    this.levels = levels;
    this.gathered = [];
    this.stream = mode === 'whole' ? null : new StreamCompressor(encoding, levels, mode === 'live');
    if (this.stream !== null) open++;
  }

  /** What to send for a piece that is not the last. */
  push(piece: Buffer): Buffer | Promise<Buffer> {
    if (this.stream !== null) return piece.length === 0 ? nothing : this.stream.push(piece);
    this.gathered.push(piece);
    return nothing;
  }

  /** What to send for the last piece. */
  end(piece: Buffer): Buffer | Promise<Buffer> {
    const { stream } = this;
    if (stream !== null) return endStream(stream, piece);
    if (piece.length > 0) this.gathered.push(piece);
    return compressWhole(Buffer.concat(this.gathered), this.encoding, this.levels);
  }

  /** Frees what it holds. Always called, and more than once does no harm. */
  close(): void {
    if (this.stream === null) return;
    this.stream.destroy();
    this.stream = null;
    open--;
  }
}

async function endStream(stream: StreamCompressor, piece: Buffer): Promise<Buffer> {
  if (piece.length === 0) return stream.end();
  const before = await stream.push(piece);
  return Buffer.concat([before, await stream.end()]);
}
