// node:http as a real backend: answers requests and records every request that it received.

import { createServer } from 'node:http';
import type { Backend, SeenRequest } from './backend.ts';
import { listeningPort } from './listening-port.ts';

/** Echoes the request's body as text/plain with status 200, once the body is complete. */
export async function startNodeBackend(): Promise<Backend> {
  const seen: SeenRequest[] = [];
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const record: SeenRequest = {
      line: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
      path: resolvePath(request.url ?? ''),
      headers: request.rawHeaders,
      complete: false,
    };
    seen.push(record);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      record.complete = true;
      const body = Buffer.concat(chunks);
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length });
      response.end(body);
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A connection that the gateway cut, within or between messages, does not count as a message.
    if (error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE') return void socket.destroy();
    // Anything else that could not be parsed is a request that the gateway should not have sent.
    seen.push({ line: '(malformed)', path: '(malformed)', headers: [], complete: true });
    socket.destroy();
  });
  const port = await listeningPort(server);
  return {
    name: 'node',
    port,
    seen: () => Promise.resolve([...seen]),
    stop: () =>
      new Promise(resolve => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Resolves a path as a careless application would: decodes once, takes backslashes for slashes, drops `;` parameters, merges slashes. */
export function resolvePath(url: string): string {
  const raw = url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/, '');
  const decoded = raw.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const kept: string[] = [];
  for (const segment of decoded.replaceAll('\\', '/').split('/')) {
    const name = segment.replace(/;.*$/, '').replace(/\0.*$/, '');
    if (name === '' || name === '.') continue;
    if (name === '..') kept.pop();
    else kept.push(name);
  }
  return `/${kept.join('/')}`;
}
