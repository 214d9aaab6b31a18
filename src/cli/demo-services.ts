// Three small services behind the gateway of the demo. They keep no state and know nothing of the gateway.

import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const ORDER_BYTES_MAX = 1_024 * 1_024;

export interface DemoServices {
  /** Environment variables with the URLs of the services, which examples/quickstart.yaml reads. */
  readonly environment: Readonly<Record<string, string>>;
  close(): void;
}

/** The services with the ports that the example names; when a port is taken, any free port is used. */
const services: readonly { readonly variable: string; readonly port: number; readonly listener: RequestListener }[] = [
  { variable: 'DEMO_USERS_1', port: 9101, listener: users('users-1') },
  { variable: 'DEMO_USERS_2', port: 9102, listener: users('users-2') },
  { variable: 'DEMO_SHOP', port: 9103, listener: shop },
];

export async function startDemoServices(): Promise<DemoServices> {
  const servers: Server[] = [];
  const environment: Record<string, string> = {};
  for (const { variable, port, listener } of services) {
    const server = createServer({ keepAliveTimeout: 75_000 }, listener);
    servers.push(server);
    const bound = await listen(server, port).catch(() => listen(server, 0));
    environment[variable] = `http://127.0.0.1:${bound}`;
  }
  return {
    environment,
    close() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, () => {
      server.off('error', reject);
      // Because: address() is a string only for servers that listen on a path.
      resolve((server.address() as AddressInfo).port);
    });
  });
}

const names = ['Ada Lovelace', 'Alan Turing', 'Grace Hopper', 'Edsger Dijkstra', 'Barbara Liskov', 'Tony Hoare'];

function users(instance: string): RequestListener {
  return ({ url = '', headers }, response) => {
    const id = /^\/users\/(\d{1,6})$/.exec(url)?.[1];
    if (url === '/users')
      answer(response, 200, { servedBy: instance, users: names.map((name, at) => ({ id: at + 1, name })) });
    else if (id === undefined) answer(response, 404, { servedBy: instance, error: 'no such user' });
    else {
      const name = names[(Number(id) - 1 + names.length) % names.length];
      const seen = { path: url, requestId: headers['x-request-id'], forwardedFor: headers['x-forwarded-for'] };
      answer(response, 200, { servedBy: instance, user: { id: Number(id), name }, seen });
    }
  };
}

function shop(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/catalogue') {
    const items = Array.from({ length: 500 }, (_, at) => ({
      sku: `item-${at + 1}`,
      price: 5 + (at % 40),
      stock: at % 7,
    }));
    answer(response, 200, { servedBy: 'shop', items });
    return;
  }
  let bytes = 0;
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > ORDER_BYTES_MAX) request.destroy();
  });
  request.on('end', () => answer(response, 201, { servedBy: 'shop', order: { bytes, accepted: true } }));
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-powered-by': 'a demo',
  });
  response.end(body);
}
