// A backend over bare sockets: the test decides every byte of the responses and when they are sent, and sees the requests.

import { createServer, type Socket } from 'node:net';
import { listeningPort } from './listening-port.ts';

/** One request as received. A chunked body is given as its payload, and its trailers as text. */
export interface RawRequest {
  readonly line: string;
  readonly path: string;
  /** The header lines. */
  readonly lines: readonly string[];
  /** First value of a header, by name in any case. */
  header(name: string): string | undefined;
  readonly body: string;
  readonly trailers: string;
}

/** One connection, for the test's handlers. */
export interface RawConnection {
  /** 1 for the first connection that was accepted. */
  readonly number: number;
  readonly socket: Socket;
  /** Complete requests received on the connection so far. */
  requests: number;
}

export interface RawBackend {
  readonly port: number;
  readonly requests: readonly RawRequest[];
  readonly connections: readonly RawConnection[];
  /** Connections that are open now, and the most that were open at once. */
  open(): number;
  openMax(): number;
  stop(): Promise<void>;
}

export interface RawHandlers {
  /** Called when a connection was accepted. */
  onConnection?(connection: RawConnection): void;
  /** Called when a head is complete; its body may not have arrived yet. */
  onHead?(connection: RawConnection, head: { line: string; path: string; text: string }): void;
  /** Called when a request is complete. */
  onRequest?(connection: RawConnection, request: RawRequest): void;
}

export async function startRawBackend(handlers: RawHandlers): Promise<RawBackend> {
  const requests: RawRequest[] = [];
  const connections: RawConnection[] = [];
  let open = 0;
  let openMax = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    const connection: RawConnection = { number: connections.length + 1, socket, requests: 0 };
    connections.push(connection);
    open++;
    openMax = Math.max(open, openMax);
    let text = '';
    let headSeen = false;
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => open--);
    socket.on('data', chunk => {
      text += chunk.toString('latin1');
      for (;;) {
        const headEnd = text.indexOf('\r\n\r\n');
        if (headEnd === -1) return;
        const head = text.slice(0, headEnd);
        const [line = '', ...lines] = head.split('\r\n');
        const path = line.split(' ')[1] ?? '';
        if (!headSeen) {
          headSeen = true;
          handlers.onHead?.(connection, { line, path, text: head });
        }
        const body = readBody(text, headEnd + 4, lines);
        if (body === null) return;
        headSeen = false;
        text = text.slice(body.end);
        const request: RawRequest = {
          line,
          path,
          lines,
          header: name => firstValue(lines, name),
          body: body.body,
          trailers: body.trailers,
        };
        requests.push(request);
        connection.requests++;
        handlers.onRequest?.(connection, request);
      }
    });
    handlers.onConnection?.(connection);
  });
  const port = await listeningPort(server);
  return {
    port,
    requests,
    connections,
    open: () => open,
    openMax: () => openMax,
    stop: () =>
      new Promise(resolve => {
        for (const { socket } of connections) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function firstValue(lines: readonly string[], name: string): string | undefined {
  const prefix = `${name.toLowerCase()}:`;
  const line = lines.find(candidate => candidate.toLowerCase().startsWith(prefix));
  return line?.slice(prefix.length).trim();
}

interface RawBody {
  readonly body: string;
  readonly trailers: string;
  readonly end: number;
}

/** Null while the body is incomplete. */
function readBody(text: string, start: number, lines: readonly string[]): RawBody | null {
  if (firstValue(lines, 'transfer-encoding') === undefined) {
    const end = start + Number(firstValue(lines, 'content-length') ?? 0);
    return text.length < end ? null : { body: text.slice(start, end), trailers: '', end };
  }
  let body = '';
  for (let at = start; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    at = lineEnd + 2;
    if (size === 0) {
      if (text.startsWith('\r\n', at)) return { body, trailers: '', end: at + 2 };
      const end = text.indexOf('\r\n\r\n', at);
      return end === -1 ? null : { body, trailers: text.slice(at, end), end: end + 4 };
    }
    if (text.length < at + size + 2) return null;
    body += text.slice(at, at + size);
    at += size + 2;
  }
}

/** Resolves once the socket is closed, for whatever reason. */
export function closed(socket: Socket): Promise<void> {
  return socket.destroyed ? Promise.resolve() : new Promise(resolve => socket.once('close', () => resolve()));
}
