// How node:http (that is, llhttp) reads the same bytes: the other side of the differential tests.
// Only Node's public interface is used; no byte leaves the process.

import { ClientRequest, createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';

export interface NodeMessage {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly version: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
  readonly complete: boolean;
  /** Whether Node left HTTP after this message: CONNECT, or an accepted switch of protocols. */
  readonly switched: boolean;
}

export interface NodeReading {
  readonly messages: readonly NodeMessage[];
  /** llhttp's error (`HPE_...`), `incomplete` when the bytes ended too early, null when nothing was wrong. */
  readonly error: string | null;
}

/** The reader's end of a connection: delivers the bytes, then the end; discards what is written. */
class FedSocket extends Duplex {
  constructor() {
    super({ autoDestroy: false });
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

interface Collected {
  readonly incoming: IncomingMessage;
  readonly switched: boolean;
  body: string;
}

interface Session {
  readonly collected: Collected[];
  error: string | null;
}

const sessions = new WeakMap<object, Session>();

const server = createServer({ insecureHTTPParser: false, requireHostHeader: false, maxHeaderSize: 1 << 20 });

function take(incoming: IncomingMessage, switched: boolean): void {
  const session = sessions.get(incoming.socket);
  if (session !== undefined) collect(session, incoming, switched);
}

function collect(session: Session, incoming: IncomingMessage, switched: boolean): void {
  const collected: Collected = { incoming, switched, body: '' };
  session.collected.push(collected);
  incoming.on('data', (chunk: Buffer) => {
    collected.body += chunk.toString('latin1');
  });
  incoming.on('error', () => {});
}

server.on('request', incoming => take(incoming, false));
server.on('checkContinue', incoming => take(incoming, false));
server.on('checkExpectation', incoming => take(incoming, false));
server.on('connect', incoming => take(incoming, true));
server.on('upgrade', incoming => take(incoming, true));
server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  const session = sessions.get(socket);
  if (session !== undefined)
    session.error ??= error.code === 'HPE_INVALID_EOF_STATE' ? 'incomplete' : (error.code ?? error.message);
});

/** Waits until everything has run that the last push started: stream events travel by next-tick and microtask queues. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(() => setImmediate(resolve)));
}

/** Reads each buffer as what one client sent before it closed. Many buffers at a time cost little more than one. */
export async function nodeReadsRequests(inputs: readonly Buffer[]): Promise<NodeReading[]> {
  const opened = inputs.map(input => {
    const socket = new FedSocket();
    const session: Session = { collected: [], error: null };
    sessions.set(socket, session);
    server.emit('connection', socket);
    socket.push(input);
    socket.push(null);
    return { socket, session };
  });
  await settled();
  return opened.map(({ socket, session }) => {
    socket.destroy();
    return reading(session);
  });
}

/** Reads each buffer as what a server sent in response to one request before it closed. Reports only the final response, or a 101. */
export async function nodeReadsResponses(
  inputs: readonly { readonly bytes: Buffer; readonly method: string }[],
): Promise<NodeReading[]> {
  const opened = inputs.map(({ bytes, method }) => {
    const socket = new FedSocket();
    const session: Session = { collected: [], error: null };
    const request = new ClientRequest({
      method,
      host: 'reference.test',
      insecureHTTPParser: false,
      maxHeaderSize: 1 << 20,
      headers: { connection: 'keep-alive' },
      createConnection: () => socket,
    });
    request.on('response', incoming => collect(session, incoming, false));
    request.on('upgrade', incoming => collect(session, incoming, true));
    request.on('error', (error: NodeJS.ErrnoException) => {
      session.error ??= error.code?.startsWith('HPE_') ? error.code : 'incomplete';
    });
    request.end();
    return { socket, session, bytes };
  });
  await settled();
  for (const { socket, bytes } of opened) {
    socket.push(bytes);
    socket.push(null);
  }
  await settled();
  await settled();
  return opened.map(({ socket, session }) => {
    socket.destroy();
    return reading(session);
  });
}

function reading(session: Session): NodeReading {
  const messages = session.collected.map(({ incoming, switched, body }) => ({
    method: incoming.method ?? '',
    target: incoming.url ?? '',
    status: incoming.statusCode ?? 0,
    version: incoming.httpVersion,
    headers: pairs(incoming.rawHeaders),
    body,
    trailers: pairs(incoming.rawTrailers),
    complete: incoming.complete,
    switched,
  }));
  const unfinished = messages.some(message => !message.complete);
  return { messages, error: session.error ?? (unfinished ? 'incomplete' : null) };
}

function pairs(raw: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) result.push([raw[i]!, raw[i + 1]!]);
  return result;
}
