// Sends an exact number of requests over kept-alive connections, one at a time on each. Every response must be a complete 200.

import { connect, type Socket } from 'node:net';

export interface FixedLoad {
  readonly port: number;
  readonly requests: number;
  readonly connections: number;
  /** One whole request, head and body, sent in one piece. */
  readonly request: string;
}

/** Resolves when all requests have their responses and the connections are closed; rejects on anything but a complete 200. */
export async function runFixedLoad({ port, requests, connections, request }: FixedLoad): Promise<void> {
  const bytes = Buffer.from(request, 'latin1');
  let sent = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = await open(port);
      while (sent < requests) {
        sent++;
        await client.ask(bytes);
      }
      client.socket.destroy();
    }),
  );
}

interface Client {
  readonly socket: Socket;
  ask(request: Buffer): Promise<void>;
}

function open(port: number): Promise<Client> {
  return new Promise((opened, failed) => {
    let received = '';
    let answered: (() => void) | null = null;
    let refused: (error: Error) => void = failed;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => opened({ socket, ask }));
    const ask = (request: Buffer) =>
      new Promise<void>((resolve, reject) => {
        answered = resolve;
        refused = reject;
        socket.write(request);
      });
    socket.on('data', (piece: Buffer) => {
      received += piece.toString('latin1');
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received)?.[1] ?? Number.NaN);
      if (!received.startsWith('HTTP/1.1 200') || Number.isNaN(length)) {
        refused(new Error(`not the answer of the backend: ${received}`));
        socket.destroy();
        return;
      }
      if (received.length < headEnd + 4 + length) return;
      received = '';
      answered?.();
    });
    socket.on('error', error => refused(error));
    socket.on('close', () => refused(new Error('the gateway closed a kept-alive connection')));
  });
}
