// Backends on several loopback addresses with one port, like the machines behind one name. Linux has all of 127.0.0.0/8.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { listeningPort } from './listening-port.ts';

export interface LoopbackBackend {
  /** Requests so far. */
  readonly requests: number;
  /** Values of Host that the backend received. */
  readonly hosts: ReadonlySet<string>;
  /** Number of open connections. */
  connections(): Promise<number>;
  /** Delays responses by this time from now on. */
  delay(ms: number): void;
  stop(): Promise<void>;
}

export interface LoopbackBackends {
  readonly port: number;
  start(address: string): Promise<LoopbackBackend>;
  stop(): Promise<void>;
}

/** Chooses a port that is free on 127.0.0.1, and so most likely on the other addresses. */
export async function loopbackBackends(): Promise<LoopbackBackends> {
  const running = new Set<Server>();
  const probe = createServer();
  const port = await listeningPort(probe);
  await new Promise(resolve => probe.close(resolve));
  const stopOne = (server: Server) =>
    new Promise<void>(resolve => {
      running.delete(server);
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return {
    port,
    async start(address) {
      let requests = 0;
      let delayMs = 0;
      const hosts = new Set<string>();
      const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
        requests++;
        hosts.add(request.headers.host ?? '');
        request.resume();
        const answer = () => {
          response.writeHead(200, { 'content-length': address.length });
          response.end(address);
        };
        if (delayMs === 0) answer();
        else setTimeout(answer, delayMs);
      });
      server.listen(port, address);
      await once(server, 'listening');
      running.add(server);
      return {
        get requests() {
          return requests;
        },
        hosts,
        connections: () =>
          new Promise((resolve, reject) =>
            server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
          ),
        delay(ms) {
          delayMs = ms;
        },
        stop: () => stopOne(server),
      };
    },
    async stop() {
      await Promise.all([...running].map(stopOne));
    },
  };
}
