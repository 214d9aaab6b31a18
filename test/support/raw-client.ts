// A client that sends bytes as given and returns the received bytes. Knows no HTTP: `answers.ts` parses the bytes.

import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { noteSentHead } from './shown-secrets.ts';

export interface RawOutcome {
  readonly received: Buffer;
  /** Whether the other side ended the connection (FIN or reset) before the timeout. */
  readonly closed: boolean;
  readonly reset: boolean;
}

export interface RawOptions {
  /** Longest wait for the end of the connection or for `enough`. */
  readonly timeoutMs?: number;
  /** Whether everything expected has arrived. Then `quietMs` of silence are awaited, to catch what should not arrive. */
  readonly enough?: (received: Buffer) => boolean;
  readonly quietMs?: number;
  /** Pause between pieces. */
  readonly pauseMs?: number;
  /** Ends the client's side after the last piece. */
  readonly halfClose?: boolean;
}

/** Sends the pieces on one new connection to 127.0.0.1 and collects what comes back. */
export async function sendRaw(
  port: number,
  pieces: readonly (Buffer | string)[],
  options: RawOptions = {},
): Promise<RawOutcome> {
  const { timeoutMs = 10_000, enough, quietMs = 40, pauseMs = 0, halfClose = false } = options;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.setNoDelay(true);
  noteSentHead(pieces.map(piece => (typeof piece === 'string' ? piece : piece.toString('latin1'))).join(''));
  const chunks: Buffer[] = [];
  let closed = false;
  let reset = false;
  const outcome = new Promise<void>(resolve => {
    const timer = setTimeout(resolve, timeoutMs);
    let quiet: NodeJS.Timeout | null = null;
    const over = (): void => {
      clearTimeout(timer);
      if (quiet !== null) clearTimeout(quiet);
      resolve();
    };
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (enough === undefined || !enough(Buffer.concat(chunks))) return;
      if (quiet !== null) clearTimeout(quiet);
      quiet = setTimeout(over, quietMs);
    });
    socket.on('end', () => {
      closed = true;
      over();
    });
    socket.on('error', () => {
      closed = true;
      reset = true;
      over();
    });
  });
  for (const [at, piece] of pieces.entries()) {
    if (at > 0 && pauseMs > 0) await delay(pauseMs);
    if (closed) break;
    socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
  }
  if (halfClose && !closed) socket.end();
  await outcome;
  socket.destroy();
  return { received: Buffer.concat(chunks), closed, reset };
}
