// A backend whose mood the test sets while it runs: well, failing, or silent; its health check goes with it. Counts what it was asked.

import { createServer } from 'node:http';
import { listeningPort } from './listening-port.ts';

export type Mood = 'well' | 'failing' | 'silent';

export interface MoodyBackend {
  readonly port: number;
  readonly url: string;
  mood: Mood;
  /** Requests, those of health checks not among them. */
  requests: number;
  stop(): Promise<void>;
}

export async function startMoodyBackend(): Promise<MoodyBackend> {
  const server = createServer((request, response) => {
    if (request.url !== '/healthz') backend.requests++;
    if (backend.mood === 'silent') return;
    response.writeHead(backend.mood === 'well' ? 200 : 503, { 'content-length': 2 });
    response.end('ok');
  });
  const port = await listeningPort(server);
  const backend: MoodyBackend = {
    port,
    url: `http://127.0.0.1:${port}`,
    mood: 'well',
    requests: 0,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return backend;
}
