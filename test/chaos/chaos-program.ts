// A backend in its own process, to be killed, frozen and misconfigured by chaos tests. Started by chaos-backend.ts, controlled by messages.

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
// Ends like a service in a rollout: no new connections, and the next response on each kept connection asks the client to leave.
process.on('SIGTERM', () => {
  server.on('request', (_request, response) => response.setHeader('connection', 'close'));
  server.close(() => process.exit(0));
  setTimeout(() => process.exit(0), 1_000).unref();
});
process.on('disconnect', () => process.exit(0));
