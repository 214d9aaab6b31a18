// Program: Fastify with @fastify/http-proxy, as its manual shows it. `node fastify-proxy.ts PORT BACKEND_PORT UPLOAD_PORT`.

import proxy from '@fastify/http-proxy';
import fastify from 'fastify';

const [port, backendPort, uploadPort] = process.argv.slice(2);
const app = fastify({ keepAliveTimeout: 3_600_000, bodyLimit: 1024 ** 3 });
const undici = { connections: 256, pipelining: 1, keepAliveTimeout: 600_000 };
await app.register(proxy, {
  upstream: `http://127.0.0.1:${uploadPort}`,
  prefix: '/upload',
  rewritePrefix: '/upload',
  undici,
});
await app.register(proxy, { upstream: `http://127.0.0.1:${backendPort}`, undici });
await app.listen({ port: Number(port), host: '127.0.0.1', backlog: 16_384 });
