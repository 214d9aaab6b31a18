// A client connection for tests that proceed step by step: send, await a number of responses, send more, await the end.

import { connect, type Socket } from 'node:net';
import { type Answer, hasAnswers, readAnswers } from './answers.ts';
import { noteSentHead } from './shown-secrets.ts';

/** How the other side ended the connection. */
export type Ending = 'fin' | 'reset';

export class ClientConnection {
  readonly socket: Socket;
  private chunks: Buffer[];
  private ending: Ending | null;
  private wake: () => void;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.chunks = [];
    this.ending = null;
    this.wake = () => {};
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.wake();
    });
    socket.on('end', () => {
      this.ending ??= 'fin';
      this.wake();
    });
    socket.on('error', () => {
      this.ending = 'reset';
      this.wake();
    });
    socket.on('close', () => {
      this.ending ??= 'fin';
      this.wake();
    });
  }

  static async open(port: number): Promise<ClientConnection> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new ClientConnection(socket);
  }

  send(text: string | Buffer): void {
    noteSentHead(text);
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get ended(): Ending | null {
    return this.ending;
  }

  /** Waits until `done` is true of the received bytes; throws with these bytes on timeout or when the connection ends first. */
  async until(done: (received: Buffer) => boolean, timeoutMs = 20_000): Promise<Buffer> {
    const until = performance.now() + timeoutMs;
    while (!done(this.received)) {
      const left = until - performance.now();
      if (this.ending !== null || left <= 0) {
        const how = this.ending ?? 'nothing more';
        throw new Error(`${how} behind ${JSON.stringify(this.received.toString('latin1').slice(0, 2_000))}`);
      }
      await this.change(left);
    }
    return this.received;
  }

  /** Waits for `count` complete final responses. */
  async answers(count: number, methods: readonly string[] = [], timeoutMs = 20_000): Promise<Answer[]> {
    const received = await this.until(hasAnswers(count, methods), timeoutMs);
    return readAnswers(received, methods);
  }

  /** Waits for the other side to end the connection; throws on timeout. */
  async end(timeoutMs = 20_000): Promise<Ending> {
    const until = performance.now() + timeoutMs;
    while (this.ending === null) {
      const left = until - performance.now();
      if (left <= 0)
        throw new Error(`still open behind ${JSON.stringify(this.received.toString('latin1').slice(0, 2_000))}`);
      await this.change(left);
    }
    return this.ending;
  }

  destroy(): void {
    this.socket.destroy();
  }

  private change(timeoutMs: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, timeoutMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
