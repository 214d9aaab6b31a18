// Reads an HTTP/2 response by RFC 9113 alone, frame by frame and slowly: whether a client that sent a request on stream 1 has a complete
// response. Shares no code with src/http/h2. Header blocks are recognised by their bytes: for any other block the verdict is `unknown`.

import { type FieldList, Flag, FrameType } from '../support/h2-client.ts';

export interface AnswerReading {
  /** `unknown` when it depends on a block that the reader cannot decode, or on what the RFC leaves open. */
  readonly verdict: 'whole' | 'broken' | 'unknown';
  readonly status: number;
  readonly body: string;
}

const FRAME_BYTES_MAX = 16_384;
const WINDOW_MAX = 0x7fffffff;

class Broken extends Error {}
class Unknown extends Error {}

/** The state of one reading. */
class Reader {
  status = 0;
  body = '';
  private length = -1;
  /** The header block that is arriving: its bytes so far, and whether it ends the stream. */
  private block: { bytes: Buffer[]; stream: number; ends: boolean } | null = null;
  private connectionWindow = 65_535;
  private streamWindow = 65_535;
  private initialWindow = 65_535;
  private readonly known: ReadonlyMap<string, FieldList>;

  constructor(known: ReadonlyMap<string, FieldList>) {
    this.known = known;
  }

  /** Processes a frame; returns true once the response is complete. Throws Broken or Unknown when that is the verdict. */
  frame(type: number, flags: number, stream: number, payload: Buffer): boolean {
    if (this.block !== null && (type !== FrameType.continuation || stream !== this.block.stream))
      throw new Broken('a block is open');
    switch (type) {
      case FrameType.data:
        return this.data(flags, stream, payload);
      case FrameType.headers:
        return this.headers(flags, stream, payload);
      case FrameType.continuation:
        if (this.block === null) throw new Broken('no block is open');
        this.block.bytes.push(payload);
        return (flags & Flag.endHeaders) !== 0 && this.endBlock();
      case FrameType.priority:
        if (stream === 0) throw new Broken('priority of the connection');
        // A stream error, which an implementation may treat as a connection error.
        if (payload.length !== 5) throw new Unknown();
        return false;
      case FrameType.reset:
        // A reset of stream 1 ends the response; a reset of an idle stream is a connection error.
        throw new Broken('reset');
      case FrameType.settings:
        this.settings(flags, stream, payload);
        return false;
      case FrameType.pushPromise:
        throw new Broken('push was not allowed');
      case FrameType.ping:
        if (stream !== 0 || payload.length !== 8) throw new Broken('ping');
        return false;
      case FrameType.goaway:
        if (stream !== 0 || payload.length < 8) throw new Broken('goaway');
        if ((payload.readUInt32BE(0) & WINDOW_MAX) < 1) throw new Broken('stream 1 was not processed');
        return false;
      case FrameType.windowUpdate:
        this.windowUpdate(stream, payload);
        return false;
      default:
        return false;
    }
  }

  private ours(stream: number): void {
    // Any other stream is the connection itself, one of the server's own, or idle.
    if (stream !== 1) throw new Broken(`stream ${stream}`);
  }

  private unpadded(flags: number, payload: Buffer): Buffer {
    if ((flags & Flag.padded) === 0) return payload;
    const padding = payload[0];
    if (padding === undefined || padding > payload.length - 1) throw new Broken('padding');
    return payload.subarray(1, payload.length - padding);
  }

  private data(flags: number, stream: number, payload: Buffer): boolean {
    this.ours(stream);
    const content = this.unpadded(flags, payload);
    if (this.status === 0) throw new Broken('DATA before the head');
    this.body += content.toString('latin1');
    if (this.length >= 0 && this.body.length > this.length) throw new Broken('longer than it says');
    return (flags & Flag.endStream) !== 0 && this.end();
  }

  private end(): boolean {
    if (this.length >= 0 && this.body.length !== this.length) throw new Broken('shorter than it says');
    return true;
  }

  private headers(flags: number, stream: number, payload: Buffer): boolean {
    let block = this.unpadded(flags, payload);
    if ((flags & Flag.priority) !== 0) {
      if (block.length < 5) throw new Broken('no room for a priority');
      block = block.subarray(5);
    }
    this.ours(stream);
    this.block = { bytes: [block], stream, ends: (flags & Flag.endStream) !== 0 };
    return (flags & Flag.endHeaders) !== 0 && this.endBlock();
  }

  private endBlock(): boolean {
    const { bytes, ends } = this.block!;
    this.block = null;
    const fields = this.known.get(Buffer.concat(bytes).toString('latin1'));
    if (fields === undefined) throw new Unknown();
    const status = fields.find(([name]) => name === ':status')?.[1];
    if (this.status !== 0) {
      if (!ends || status !== undefined) throw new Broken('these are no trailers');
      return this.end();
    }
    if (status === undefined) throw new Broken('no status');
    if (status.startsWith('1')) {
      if (ends) throw new Broken('an interim answer ends nothing');
      return false;
    }
    this.status = Number(status);
    const length = fields.find(([name]) => name === 'content-length')?.[1];
    this.length = this.bodiless ? 0 : length === undefined ? -1 : Number(length);
    return ends && this.end();
  }

  get bodiless(): boolean {
    return this.status === 204 || this.status === 304;
  }

  private settings(flags: number, stream: number, payload: Buffer): void {
    if (stream !== 0) throw new Broken('settings of a stream');
    if ((flags & Flag.ack) !== 0) {
      if (payload.length !== 0) throw new Broken('an ACK with settings');
      return;
    }
    if (payload.length % 6 !== 0) throw new Broken('half a setting');
    for (let at = 0; at < payload.length; at += 6) {
      const id = payload.readUInt16BE(at);
      const value = payload.readUInt32BE(at + 2);
      // A server may not send ENABLE_PUSH with a value other than 0 (RFC 9113 section 6.5.2).
      if (id === 2 && value !== 0) throw new Broken('push');
      if (id === 4) {
        if (value > WINDOW_MAX) throw new Broken('initial window');
        this.streamWindow += value - this.initialWindow;
        this.initialWindow = value;
        if (this.streamWindow > WINDOW_MAX) throw new Broken('window of the stream');
      }
      if (id === 5 && (value < 16_384 || value > 16_777_215)) throw new Broken('frame size');
      if (id === 8 && value > 1) throw new Broken('extended CONNECT');
      if (id === 8) throw new Unknown();
    }
  }

  private windowUpdate(stream: number, payload: Buffer): void {
    if (payload.length !== 4) throw new Broken('window update');
    if (stream > 1) throw new Broken('idle');
    const increment = payload.readUInt32BE(0) & WINDOW_MAX;
    if (increment === 0) throw new Broken('nothing is no increment');
    if (stream === 0) this.connectionWindow += increment;
    else this.streamWindow += increment;
    if (this.connectionWindow > WINDOW_MAX || this.streamWindow > WINDOW_MAX) throw new Broken('window');
  }
}

/** Reads the bytes after the server's first SETTINGS until the connection ends. `known` has fields by the bytes of their block (latin1). */
export function readAnswer(bytes: Buffer, known: ReadonlyMap<string, FieldList>): AnswerReading {
  const reader = new Reader(known);
  const told = (verdict: AnswerReading['verdict']): AnswerReading => ({
    verdict,
    status: reader.status,
    body: reader.body,
  });
  try {
    for (let at = 0; at + 9 <= bytes.length; ) {
      const length = bytes.readUIntBE(at, 3);
      const end = at + 9 + length;
      // The frame header alone shows the error, whether or not the payload has arrived.
      if (length > FRAME_BYTES_MAX) throw new Broken('frame size');
      if (end > bytes.length) break;
      const stream = bytes.readUInt32BE(at + 5) & WINDOW_MAX;
      if (reader.frame(bytes[at + 3]!, bytes[at + 4]!, stream, bytes.subarray(at + 9, end))) return told('whole');
      at = end;
    }
  } catch (error) {
    if (error instanceof Unknown) return told('unknown');
    if (!(error instanceof Broken)) throw error;
    // For a status without a body, an HTTP/1.1 client waits for the head only, so the rest may not matter.
    return told(reader.bodiless ? 'unknown' : 'broken');
  }
  return told(reader.bodiless ? 'unknown' : 'broken');
}
