// Program: opens connections, sends one request on each, and leaves them open. `node idle-connections.ts PORT COUNT`. Prints `open N` when
// all have their responses, and on SIGTERM `closed N`: how many of them the server has closed by then.

import { connect, type Socket } from 'node:net';

const port = Number(process.argv[2]);
const count = Number(process.argv[3]);
const request = 'GET /small HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n';
const sockets: Socket[] = [];
let closed = 0;

/** Opens a connection. Resolves when the response is complete: the head, and the body of the length that the head announces. */
function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    let received = '';
    sockets.push(socket);
    socket.on('data', (piece: Buffer) => {
      received += piece.toString('latin1');
      const headEnd = received.indexOf('\r\n\r\n');
      const length = /\r\ncontent-length: *(\d+)/i.exec(received)?.[1];
      if (headEnd === -1 || length === undefined || received.length < headEnd + 4 + Number(length)) return;
      if (!received.startsWith('HTTP/1.1 200')) reject(new Error(received.slice(0, headEnd)));
      received = '';
      resolve();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      closed++;
      reject(new Error('closed without an answer'));
    });
  });
}

process.on('SIGTERM', () => {
  console.log(`closed ${closed}`);
  process.exit(0);
});

// A limited number at a time: a burst of thousands would measure how a server handles bursts.
const atATime = 32;
try {
  await Promise.all(
    Array.from({ length: atATime }, async (_, lane) => {
      for (let i = lane; i < count; i += atATime) await open();
    }),
  );
  console.log(`open ${sockets.length}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
