// Program: a plain reverse proxy made of node:http and undici. `node node-http-proxy.ts PORT BACKEND_PORT UPLOAD_PORT`. Written as their
// authors advise: one pool, Pool.stream directly into the response. No limits, no log, no routing.

import { createServer } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

const [port, backendPort, uploadPort] = process.argv.slice(2);
const options = { connections: 256, pipelining: 1, keepAliveTimeout: 600_000 };
const backend = new Pool(`http://127.0.0.1:${backendPort}`, options);
const sink = new Pool(`http://127.0.0.1:${uploadPort}`, options);

const server = createServer({ keepAliveTimeout: 3_600_000 }, (request, response) => {
  const path = request.url ?? '/';
  const pool = path.startsWith('/upload') ? sink : backend;
  const { connection, 'keep-alive': _, 'transfer-encoding': __, ...headers } = request.headers;
  const body = request.method === 'GET' || request.method === 'HEAD' ? null : request;
  // Because: node:http types a method as any string, while undici lists the methods that it knows.
  const method = (request.method ?? 'GET') as Dispatcher.HttpMethod;
  pool
    .stream({ path, method, headers, body, opaque: response }, ({ statusCode, headers: answered }) => {
      const { connection: ___, 'keep-alive': ____, 'transfer-encoding': _____, ...kept } = answered;
      response.writeHead(statusCode, kept);
      return response;
    })
    .catch(() => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
});
server.listen(Number(port), '127.0.0.1', 16_384);
