// An HTTP/2 client over a bare socket: the test decides every frame, valid or not, and sees every frame that arrives. Frames are encoded
// and decoded here, so that no mistake is shared with src/http/h2; only header blocks are decoded by the gateway's decoder.

import { connect, type Socket } from 'node:net';
import { HpackDecoder } from '../../src/http/h2/hpack/decoder.ts';
import { noteSentFields } from './shown-secrets.ts';

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const Flag = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
  /** Header fields of a HEADERS frame; empty for other frames. */
  readonly fields: readonly (readonly [string, string])[];
}

export type FieldList = readonly (readonly [name: string, value: string])[];

/** One frame. */
export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => {
    bytes.writeUInt32BE(value, at * 4);
  });
  return bytes;
}

/** A SETTINGS payload. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([id, value], at) => {
    bytes.writeUInt16BE(id, at * 6);
    bytes.writeUInt32BE(value, at * 6 + 2);
  });
  return bytes;
}

/** A header block of literals without Huffman coding; names and values are not checked. */
export function block(fields: FieldList): Buffer {
  const string = (text: string): Buffer => {
    const bytes = Buffer.from(text, 'latin1');
    const size = [Math.min(bytes.length, 127)];
    for (let rest = bytes.length - 127; rest >= 0; rest = rest > 127 ? rest >> 7 : -1)
      size.push(rest > 127 ? (rest & 127) | 128 : rest);
    return Buffer.concat([Buffer.from(size), bytes]);
  };
  return Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), string(name), string(value)])));
}

/** The fields of a plain GET, followed by `more`. */
export function get(path: string, ...more: FieldList): FieldList {
  return request('GET', path, ...more);
}

export function request(method: string, path: string, ...more: FieldList): FieldList {
  return [[':method', method], [':scheme', 'http'], [':authority', 'gateway.test'], [':path', path], ...more];
}

/** The fields of a request for a WebSocket tunnel (RFC 8441 section 4). */
export function webSocketConnect(path: string, ...more: FieldList): FieldList {
  const [, ...others] = request('CONNECT', path, ...more);
  return [[':method', 'CONNECT'], [':protocol', 'websocket'], ...others];
}

export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export interface Answer {
  readonly status: number;
  readonly headers: FieldList;
  readonly interim: readonly FieldList[];
  readonly body: string;
  readonly trailers: FieldList | null;
  /** Error code of RST_STREAM; null when there was none. */
  readonly reset: number | null;
  readonly ended: boolean;
}

/** Decodes the frames of one connection as bytes arrive. */
export class FrameReader {
  private readonly decoder = new HpackDecoder(4096);
  private rest = Buffer.alloc(0);

  /** The frames that these bytes complete. */
  read(bytes: Buffer): SeenFrame[] {
    const frames: SeenFrame[] = [];
    let all = Buffer.concat([this.rest, bytes]);
    while (all.length >= 9) {
      const size = 9 + all.readUIntBE(0, 3);
      if (all.length < size) break;
      const type = all[3]!;
      const payload = Buffer.from(all.subarray(9, size));
      const fields: [string, string][] = [];
      if (type === FrameType.headers) {
        const decoded = this.decoder.decode(payload, 0, payload.length, 1 << 20);
        for (const { name, value } of decoded?.fields ?? []) fields.push([name, value]);
      }
      frames.push({ type, flags: all[4]!, stream: all.readUInt32BE(5), payload, fields });
      all = all.subarray(size);
    }
    this.rest = Buffer.from(all);
    return frames;
  }
}

export class H2Client {
  readonly socket: Socket;
  readonly frames: SeenFrame[] = [];
  /** Whether the other side ended or reset the connection. */
  closed = false;
  private readonly reader = new FrameReader();
  private wake: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.socket.on('data', (bytes: Buffer) => {
      this.frames.push(...this.reader.read(bytes));
      this.notify();
    });
    const over = (): void => {
      this.closed = true;
      this.notify();
    };
    this.socket.on('end', over);
    this.socket.on('error', over);
    this.socket.on('close', over);
  }

  /** Opens a connection and waits until both sides' SETTINGS have been exchanged. */
  static async open(port: number, own: Buffer = settings()): Promise<H2Client> {
    const client = new H2Client(port);
    client.send(preface, frame(FrameType.settings, 0, 0, own));
    await client.until(({ frames }) =>
      frames.some(({ type, flags }) => type === FrameType.settings && flags === Flag.ack),
    );
    client.send(frame(FrameType.settings, Flag.ack, 0));
    return client;
  }

  /** Sends everything in one write. */
  send(...pieces: readonly (Buffer | string)[]): void {
    const bytes = Buffer.concat(
      pieces.map(piece => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)),
    );
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  headers(stream: number, fields: FieldList, endStream = true): void {
    noteSentFields(fields);
    this.send(frame(FrameType.headers, Flag.endHeaders | (endStream ? Flag.endStream : 0), stream, block(fields)));
  }

  data(stream: number, payload: Buffer | string, endStream = false): void {
    this.send(frame(FrameType.data, endStream ? Flag.endStream : 0, stream, payload));
  }

  /** Resolves once `done` returns true; rejects with the received frames on timeout. */
  async until(done: (client: H2Client) => boolean, timeoutMs = 20_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!done(this)) {
      const left = end - performance.now();
      if (left <= 0)
        throw new Error(
          `not in time; seen: ${this.frames.map(({ type, flags, stream }) => `${type}/${flags}/${stream}`).join(' ')}${this.closed ? ' closed' : ''}`,
        );
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left);
        this.wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** The response on a stream as far as it has arrived. */
  seen(stream: number): Answer {
    const interim: FieldList[] = [];
    let headers: FieldList | null = null;
    let trailers: FieldList | null = null;
    let body = '';
    let reset: number | null = null;
    let ended = false;
    for (const each of this.frames) {
      if (each.stream !== stream) continue;
      if (each.type === FrameType.headers) {
        if (headers !== null) trailers = each.fields;
        else if (each.fields[0]?.[1].startsWith('1') === true) interim.push(each.fields);
        else headers = each.fields;
      }
      if (each.type === FrameType.data) body += each.payload.toString('latin1');
      if (each.type === FrameType.reset) reset = each.payload.readUInt32BE(0);
      if ((each.type === FrameType.headers || each.type === FrameType.data) && (each.flags & Flag.endStream) !== 0)
        ended = true;
    }
    return { status: Number(headers?.[0]?.[1] ?? 0), headers: headers ?? [], interim, body, trailers, reset, ended };
  }

  /** The response, once the stream has ended or was reset, or the connection was closed. */
  async answer(stream: number, timeoutMs = 20_000): Promise<Answer> {
    await this.until(() => {
      const { ended, reset } = this.seen(stream);
      return ended || reset !== null || this.closed;
    }, timeoutMs);
    return this.seen(stream);
  }

  /** Error code of the last GOAWAY; null when there was none. */
  get goaway(): number | null {
    const last = this.frames.findLast(({ type }) => type === FrameType.goaway);
    return last === undefined ? null : last.payload.readUInt32BE(4);
  }

  /** Waits for the end of the connection; resolves with the error code of the last GOAWAY, or null. */
  async end(timeoutMs = 20_000): Promise<number | null> {
    await this.until(({ closed }) => closed, timeoutMs);
    return this.goaway;
  }

  close(): void {
    this.socket.destroy();
  }

  private notify(): void {
    const { wake } = this;
    this.wake = [];
    for (const each of wake) each();
  }
}
