// A backend in a process of its own, to be killed, frozen and set wrong by chaos tests. Started by chaos-backend.ts, told by messages.

import { createServer } from 'node:http';

export type Mood = 'well' | 'failing' | 'slow' | 'resetting' | 'garbage';

let mood: Mood = 'well';
const [port = '0', backlog = '511'] = process.argv.slice(2);

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const isCheck = request.url === '/healthz';
  if (mood === 'resetting') request.socket.resetAndDestroy();
  else if (mood === 'garbage') request.socket.end('HTTP/1.1 2OO yes\r\n\u0000: ?\r\n\r\n');
  else {
    const status = mood === 'failing' ? 503 : 200;
    const afterMs = mood === 'slow' ? 2_000 : isCheck ? 0 : 1;
    setTimeout(() => {
      response.writeHead(status, { 'content-length': 2 });
      response.end('ok');
    }, afterMs);
  }
});

server.listen({ host: '127.0.0.1', port: Number(port), backlog: Number(backlog) }, () => process.send?.('ready'));
process.on('message', (wanted: Mood) => {
  mood = wanted;
});
// As services end that are rolled out: no new connections, those that are kept are told to leave with their next answer.
process.on('SIGTERM', () => {
  server.on('request', (_request, response) => response.setHeader('connection', 'close'));
  server.close(() => process.exit(0));
  setTimeout(() => process.exit(0), 1_000).unref();
});
process.on('disconnect', () => process.exit(0));
