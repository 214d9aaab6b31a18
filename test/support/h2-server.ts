// An HTTP/2 server over bare sockets, the counterpart of h2-client.ts: the test decides every frame that the gateway gets in response,
// valid or not, and sees every frame that the gateway sends.

import { createServer, type Socket } from 'node:net';
import {
  block,
  type FieldList,
  Flag,
  FrameReader,
  FrameType,
  frame,
  preface,
  type SeenFrame,
  settings,
} from './h2-client.ts';
import { listeningPort } from './listening-port.ts';

export interface SeenRequest {
  readonly connection: H2ServerConnection;
  readonly stream: number;
  readonly fields: FieldList;
  /** First value of a pseudo-header or header field. */
  field(name: string): string | undefined;
}

export interface H2ServerHandlers {
  /** Sent first on each connection: an empty SETTINGS frame when left out, nothing when null. */
  readonly greeting?: Buffer | null;
  onConnection?(connection: H2ServerConnection): void;
  /** Called when the head of a request has arrived. */
  onRequest?(request: SeenRequest): void;
  onFrame?(connection: H2ServerConnection, seen: SeenFrame): void;
}

export interface H2Server {
  readonly port: number;
  readonly connections: readonly H2ServerConnection[];
  readonly requests: readonly SeenRequest[];
  /** Resolves once `done` returns true, checked whenever something arrives; rejects on timeout. */
  until(done: () => boolean, timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export class H2ServerConnection {
  readonly socket: Socket;
  readonly frames: SeenFrame[] = [];
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Sends everything in one write. */
  send(...pieces: readonly (Buffer | string)[]): void {
    const bytes = Buffer.concat(
      pieces.map(piece => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)),
    );
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  headers(stream: number, fields: FieldList, endStream = false): void {
    this.send(frame(FrameType.headers, Flag.endHeaders | (endStream ? Flag.endStream : 0), stream, block(fields)));
  }

  data(stream: number, payload: Buffer | string, endStream = false): void {
    this.send(frame(FrameType.data, endStream ? Flag.endStream : 0, stream, payload));
  }

  /** Sends a whole response. */
  answer(stream: number, body: string, status = 200): void {
    this.headers(stream, [[':status', String(status)]]);
    this.data(stream, body, true);
  }

  /** Error code of the last GOAWAY; null when there was none. */
  get goaway(): number | null {
    const last = this.frames.findLast(({ type }) => type === FrameType.goaway);
    return last === undefined ? null : last.payload.readUInt32BE(4);
  }

  /** Error code of the RST_STREAM for a stream; null when there was none. */
  reset(stream: number): number | null {
    const seen = this.frames.find(each => each.type === FrameType.reset && each.stream === stream);
    return seen === undefined ? null : seen.payload.readUInt32BE(0);
  }

  /** The payload of all DATA frames of a stream so far. */
  body(stream: number): Buffer {
    return Buffer.concat(
      this.frames.filter(each => each.type === FrameType.data && each.stream === stream).map(({ payload }) => payload),
    );
  }
}

export async function startH2Server(handlers: H2ServerHandlers): Promise<H2Server> {
  const connections: H2ServerConnection[] = [];
  const requests: SeenRequest[] = [];
  let wake: (() => void)[] = [];
  const notify = (): void => {
    const woken = wake;
    wake = [];
    for (const each of woken) each();
  };
  const server = createServer({ noDelay: true, allowHalfOpen: true }, socket => {
    const connection = new H2ServerConnection(socket);
    const reader = new FrameReader();
    connections.push(connection);
    let start = Buffer.alloc(0);
    let prefaceSeen = false;
    const over = (): void => {
      connection.closed = true;
      notify();
    };
    socket.on('error', over);
    socket.on('close', over);
    socket.on('end', () => {
      over();
      socket.end();
    });
    const greeting = handlers.greeting === undefined ? frame(FrameType.settings, 0, 0, settings()) : handlers.greeting;
    if (greeting !== null) socket.write(greeting);
    handlers.onConnection?.(connection);
    socket.on('data', (bytes: Buffer) => {
      let frames = bytes;
      if (!prefaceSeen) {
        start = Buffer.concat([start, bytes]);
        if (start.length < preface.length) return;
        prefaceSeen = true;
        frames = start.subarray(preface.length);
      }
      for (const seen of reader.read(frames)) {
        const { fields } = seen;
        connection.frames.push(seen);
        handlers.onFrame?.(connection, seen);
        if (fields[0]?.[0].startsWith(':') !== true) continue;
        const request: SeenRequest = {
          connection,
          stream: seen.stream,
          fields,
          field: name => fields.find(([each]) => each === name)?.[1],
        };
        requests.push(request);
        handlers.onRequest?.(request);
      }
      notify();
    });
  });
  const port = await listeningPort(server);
  return {
    port,
    connections,
    requests,
    async until(done, timeoutMs = 20_000) {
      const end = performance.now() + timeoutMs;
      while (!done()) {
        const left = end - performance.now();
        if (left <= 0) {
          const seen = connections.map(({ frames, closed }) => {
            const text = frames.map(({ type, flags, stream }) => `${type}/${flags}/${stream}`).join(' ');
            return `${text}${closed ? ' closed' : ''}`;
          });
          throw new Error(`not in time; seen: ${seen.join(' | ')}`);
        }
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, Math.min(left, 50));
          wake.push(() => {
            clearTimeout(timer);
            resolve();
          });
        });
      }
    },
    stop: () =>
      new Promise(resolve => {
        for (const { socket } of connections) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
