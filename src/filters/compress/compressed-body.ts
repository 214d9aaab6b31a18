// The body of one response while it is compressed, from its first piece until the end of the exchange. Decides nothing.

import type { Encoding } from './accept-encoding.ts';
import { compressWhole, type Levels, StreamCompressor } from './compressor.ts';

/**
 * `whole` collects the body and compresses it at its end, `stream` compresses it as it arrives, and `live` also flushes after every piece.
 */
export type CompressionMode = 'whole' | 'stream' | 'live';

const nothing = Buffer.alloc(0);

/** The number of streams open in this thread, for all routes; limiting it limits memory. */
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

  /** Takes a piece that is not the last, and returns what to send for it. */
  push(piece: Buffer): Buffer | Promise<Buffer> {
    if (this.stream !== null) return piece.length === 0 ? nothing : this.stream.push(piece);
    this.gathered.push(piece);
    return nothing;
  }

  /** Takes the last piece, and returns what to send for it. */
  end(piece: Buffer): Buffer | Promise<Buffer> {
    const { stream } = this;
    if (stream !== null) return endStream(stream, piece);
    if (piece.length > 0) this.gathered.push(piece);
    return compressWhole(Buffer.concat(this.gathered), this.encoding, this.levels);
  }

  /** Releases the stream. Always called at the end; calling it more than once does no harm. */
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
