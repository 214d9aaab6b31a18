// Compresses one body with node:zlib: a short one at once, a long one as a stream on Node's thread pool.

import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import type { Encoding } from './accept-encoding.ts';

/** What each encoding's level is; see `levels` in config.ts. */
export type Levels = Readonly<Record<Encoding, number>>;

/** Windows of 256 KiB: what bounds the memory of a stream. */
const WINDOW_BITS = 18;

/** Compresses a whole body. Blocks the thread for about 10 µs a KiB, which is less than a way to another thread and back. */
export function compressWhole(body: Buffer, encoding: Encoding, levels: Levels): Buffer {
  if (encoding === 'gzip') return gzipSync(body, { level: levels.gzip });
  if (encoding === 'br') {
    const params = { ...brotliParams(levels.br), [constants.BROTLI_PARAM_SIZE_HINT]: body.length };
    return brotliCompressSync(body, { params });
  }
  return zstdCompressSync(body, { params: zstdParams(levels.zstd) });
}

/** A body that is compressed piece by piece. One call at a time. */
export class StreamCompressor {
  private readonly stream: ReturnType<typeof createStream>;
  private readonly output: Buffer[];

  /** `live` brings out what went in with every piece; else pieces are held back for as long as that compresses better. */
  constructor(encoding: Encoding, levels: Levels, live: boolean) {
    this.stream = createStream(encoding, levels, live);
    this.output = [];
    this.stream.on('data', (piece: Buffer) => this.output.push(piece));
    // Because: an error also reaches the callback that waits; without a listener it would end the process.
    this.stream.on('error', () => {});
  }

  /** What comes out for this piece, perhaps nothing. */
  push(piece: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.stream.write(piece, error => (error ? reject(error) : resolve(this.take())));
    });
  }

  /** What comes out at the end. */
  end(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.stream.once('end', () => resolve(this.take()));
      this.stream.once('error', reject);
      this.stream.end();
    });
  }

  /** Frees the memory; a call under way never returns. */
  destroy(): void {
    this.stream.destroy();
  }

  private take(): Buffer {
    const { output } = this;
    const whole = output.length === 1 ? output[0]! : Buffer.concat(output);
    output.length = 0;
    return whole;
  }
}

function createStream(encoding: Encoding, levels: Levels, live: boolean) {
  if (encoding === 'gzip') {
    return createGzip({ level: levels.gzip, flush: live ? constants.Z_SYNC_FLUSH : constants.Z_NO_FLUSH });
  }
  if (encoding === 'br') {
    const flush = live ? constants.BROTLI_OPERATION_FLUSH : constants.BROTLI_OPERATION_PROCESS;
    return createBrotliCompress({ flush, params: brotliParams(levels.br) });
  }
  const flush = live ? constants.ZSTD_e_flush : constants.ZSTD_e_continue;
  return createZstdCompress({ flush, params: zstdParams(levels.zstd) });
}

function brotliParams(level: number): Record<number, number> {
  return { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS };
}

function zstdParams(level: number): Record<number, number> {
  return { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: WINDOW_BITS };
}
