// A backend whose state the test changes while it runs: well, failing, or silent, for requests and health checks alike. Counts requests.

import { createServer } from 'node:http';
import { listeningPort } from './listening-port.ts';

export type Mood = 'well' | 'failing' | 'silent';

export interface MoodyBackend {
  readonly port: number;
  readonly url: string;
  mood: Mood;
  /** Number of requests, not counting health checks. */
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
