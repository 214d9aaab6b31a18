// Program: sends back the body of every request over HTTP/2 in plain text, with the trailers of a successful gRPC call. `node grpc-echo.ts
// PORT`. As cheap as possible, so that this program is not what is measured: reads no header field, and writes the responses to all
// requests of one read at once. Handles only what the bench's proxies send: valid frames, and bodies that fit into the windows.

import { createServer, type Socket } from 'node:net';

const PREFACE_BYTES = 24;
const HEADER_BYTES = 9;
const Type = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, windowUpdate: 8 } as const;
const Flag = { ack: 1, endStream: 1, endHeaders: 4, padded: 8 } as const;
/** Initial flow-control window of the connection in bytes (RFC 9113, section 6.9.2). */
const WINDOW = 65_535;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, HEADER_BYTES);
  return bytes;
}

function literal(name: string, value: string): Buffer {
  return Buffer.from(`\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`);
}

/** The `:status: 200` of the static table, and the content type as a literal. */
const head = Buffer.concat([Buffer.of(0x88), literal('content-type', 'application/grpc')]);
const trailers = literal('grpc-status', '0');
const nothing = Buffer.alloc(0);
const settingsAck = frame(Type.settings, Flag.ack, 0, nothing);

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

class Connection {
  private readonly socket: Socket;
  private rest: Buffer;
  private skip: number;
  /** Incomplete bodies by stream. */
  private readonly bodies: Map<number, Buffer>;
  private out: Buffer[];
  /** Responses that wait for room in the connection's window. */
  private waiting: { stream: number; body: Buffer }[];
  private room: number;
  private used: number;

  constructor(socket: Socket) {
    this.socket = socket;
    this.rest = nothing;
    this.skip = PREFACE_BYTES;
    this.bodies = new Map();
    // SETTINGS with MAX_CONCURRENT_STREAMS 1,000; the other settings keep their defaults.
    this.out = [frame(Type.settings, 0, 0, Buffer.of(0, 3, 0, 0, 3, 0xe8))];
    this.waiting = [];
    this.room = WINDOW;
    this.used = 0;
  }

  onBytes(piece: Buffer): void {
    let bytes = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece]);
    if (this.skip > 0) {
      const skipped = Math.min(this.skip, bytes.length);
      this.skip -= skipped;
      bytes = bytes.subarray(skipped);
    }
    let at = 0;
    while (at + HEADER_BYTES <= bytes.length) {
      const end = at + HEADER_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.onFrame(bytes[at + 3]!, bytes[at + 4]!, bytes.readUInt32BE(at + 5), bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    this.rest = at === bytes.length ? nothing : Buffer.from(bytes.subarray(at));
    if (this.used >= WINDOW / 2) {
      this.out.push(frame(Type.windowUpdate, 0, 0, uint32(this.used)));
      this.used = 0;
    }
    this.flush();
  }

  private onFrame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === Type.headers) {
      if ((flags & Flag.endStream) !== 0) this.answer(stream, nothing);
      else this.bodies.set(stream, nothing);
    } else if (type === Type.data) this.onData(flags, stream, payload);
    else if (type === Type.settings && (flags & Flag.ack) === 0) this.out.push(settingsAck);
    else if (type === Type.ping && (flags & Flag.ack) === 0) this.out.push(frame(Type.ping, Flag.ack, 0, payload));
    else if (type === Type.reset) this.bodies.delete(stream);
    else if (type === Type.windowUpdate && stream === 0) {
      this.room += payload.readUInt32BE(0);
      const { waiting } = this;
      this.waiting = [];
      for (const each of waiting) this.answer(each.stream, each.body);
    }
  }

  private onData(flags: number, stream: number, payload: Buffer): void {
    this.used += payload.length;
    const content = (flags & Flag.padded) === 0 ? payload : payload.subarray(1, payload.length - payload[0]!);
    const before = this.bodies.get(stream);
    if (before === undefined) return;
    const body = before.length === 0 ? content : Buffer.concat([before, content]);
    if ((flags & Flag.endStream) === 0) this.bodies.set(stream, Buffer.from(body));
    else {
      this.bodies.delete(stream);
      this.answer(stream, body);
    }
  }

  private answer(stream: number, body: Buffer): void {
    if (body.length > this.room) {
      this.waiting.push({ stream, body: Buffer.from(body) });
      return;
    }
    this.room -= body.length;
    this.out.push(
      frame(Type.headers, Flag.endHeaders, stream, head),
      frame(Type.data, 0, stream, body),
      frame(Type.headers, Flag.endHeaders | Flag.endStream, stream, trailers),
    );
  }

  flush(): void {
    const { out } = this;
    if (out.length === 0) return;
    this.out = [];
    this.socket.write(out.length === 1 ? out[0]! : Buffer.concat(out));
  }
}

createServer({ noDelay: true }, socket => {
  const connection = new Connection(socket);
  socket.on('error', () => socket.destroy());
  socket.on('data', (piece: Buffer) => connection.onBytes(piece));
  connection.flush();
}).listen(Number(process.argv[2]), '127.0.0.1');
