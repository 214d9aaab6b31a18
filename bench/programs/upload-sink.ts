// Program: reads request bodies to their end and responds with their length. `node upload-sink.ts PORT`. Handles only what the bench's
// proxies send: heads in one or more pieces, Content-Length, no pipelining.

import { createServer, type Socket } from 'node:net';

function serve(socket: Socket): void {
  let head = '';
  let length = 0;
  let left = 0;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (piece: Buffer) => {
    if (left === 0) {
      head += piece.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      length = Number(/\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end + 2))?.[1] ?? Number.NaN);
      if (Number.isNaN(length)) {
        socket.end('HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        return;
      }
      left = length - (head.length - end - 4);
      head = '';
    } else left -= piece.length;
    if (left > 0) return;
    const body = String(length);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    left = 0;
  });
}

createServer(serve).listen(Number(process.argv[2]), '127.0.0.1');
