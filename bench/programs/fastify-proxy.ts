// Program: Fastify with @fastify/http-proxy, set up as in its manual. `node fastify-proxy.ts PORT BACKEND_PORT UPLOAD_PORT`.

import type { IncomingHttpHeaders } from 'node:http';
import proxy from '@fastify/http-proxy';
import fastify from 'fastify';

const [port, backendPort, uploadPort] = process.argv.slice(2);
const app = fastify({ keepAliveTimeout: 3_600_000, bodyLimit: 1024 ** 3 });
const options = {
  undici: { connections: 256, pipelining: 1, keepAliveTimeout: 600_000 },
  // Otherwise it would pass on the backend's `keep-alive` header to clients, and close the connection all the same.
  replyOptions: { rewriteHeaders: ({ connection, 'keep-alive': _, ...kept }: IncomingHttpHeaders) => kept },
};
const to = (target: string | undefined) => `http://127.0.0.1:${target}`;
await app.register(proxy, { ...options, upstream: to(uploadPort), prefix: '/upload', rewritePrefix: '/upload' });
await app.register(proxy, { ...options, upstream: to(backendPort) });
await app.listen({ port: Number(port), host: '127.0.0.1', backlog: 16_384 });
