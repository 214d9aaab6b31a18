// Frames that arrive in pieces: however they are cut, the handler gets the same calls and the same error. Limits of header blocks.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ErrorCode } from './error-code.ts';
import { Flag, FrameType, writeFrameHeader } from './frame.ts';
import { type FrameHandler, FrameReader } from './frame-reader.ts';

/** Records the handler's calls as text; each DATA frame as one entry. */
class Recorder implements FrameHandler {
  readonly told: string[] = [];
  /** What the handler returns when DATA begins, and for whole frames. */
  startAnswer = 0;
  answer = 0;
  private data = '';
  private started = '';

  onDataStart(streamId: number, length: number, endStream: boolean): number {
    this.started = `data ${streamId} ${length} ${endStream}`;
    this.data = '';
    return this.startAnswer;
  }
  onData(bytes: Buffer, start: number, end: number): void {
    this.data += bytes.toString('hex', start, end);
  }
  onDataEnd(): number {
    return this.note(`${this.started} ${this.data}`);
  }
  onHeaders(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): number {
    return this.note(`headers ${streamId} ${endStream} ${bytes.toString('hex', start, end)}`);
  }
  onPriority(streamId: number): number {
    return this.note(`priority ${streamId}`);
  }
  onReset(streamId: number, code: number): number {
    return this.note(`reset ${streamId} ${code}`);
  }
  onSettings(bytes: Buffer, start: number, end: number): number {
    return this.note(`settings ${bytes.toString('hex', start, end)}`);
  }
  onSettingsAck(): number {
    return this.note('settings ack');
  }
  onPing(bytes: Buffer, start: number): number {
    return this.note(`ping ${bytes.toString('hex', start, start + 8)}`);
  }
  onPingAck(): number {
    return this.note('ping ack');
  }
  onGoaway(lastStreamId: number, code: number): number {
    return this.note(`goaway ${lastStreamId} ${code}`);
  }
  onWindowUpdate(streamId: number, increment: number): number {
    return this.note(`window ${streamId} ${increment}`);
  }
  onUnknown(): number {
    return this.note('unknown');
  }
  private note(text: string): number {
    this.told.push(text);
    return this.answer;
  }
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, stream);
  bytes.set(payload, 9);
  return bytes;
}

const settingsFrame = frame(FrameType.settings, 0, 0, Buffer.alloc(0));

/** Reads `bytes`, cut at these shares of their length. Returns the recorded calls, and the error code or 0. */
function read(bytes: Buffer, cuts: readonly number[]): { told: readonly string[]; error: number } {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder, 2_000);
  let at = 0;
  for (const cut of [...cuts.map(share => Math.floor(share * bytes.length)).sort((a, b) => a - b), bytes.length]) {
    if (cut <= at) continue;
    // A copy that is overwritten after the call, like the thread's read buffer.
    const piece = Buffer.from(bytes.subarray(at, cut));
    const error = reader.feed(piece, 0, piece.length);
    piece.fill(0xff);
    at = cut;
    if (error !== 0) return { told: recorder.told, error };
  }
  return { told: recorder.told, error: 0 };
}

const anyFrame = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0, max: 10 }), fc.constantFrom<number>(FrameType.headers, FrameType.continuation)),
    fc.oneof(fc.constantFrom(0, 1, 4, 5, 8, 0x20, 0x2d), fc.integer({ min: 0, max: 255 })),
    fc.oneof(fc.constantFrom(0, 1, 3), fc.integer({ min: 0, max: 0x7fffffff })),
    fc.oneof(fc.uint8Array({ maxLength: 30, size: 'max' }), fc.uint8Array({ minLength: 8, maxLength: 8 })),
  )
  .map(([type, flags, stream, payload]) => frame(type, flags, stream, payload));

describe('pieces', () => {
  test('however frames are cut, the same is told', () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30, size: 'max' });
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 12, size: 'max' }), cuts, (frames, at) => {
        const bytes = Buffer.concat([settingsFrame, ...frames]);
        const everywhere = Array.from({ length: bytes.length }, (_, index) => index / bytes.length);
        const whole = read(bytes, []);
        assert.deepEqual(read(bytes, at), whole);
        assert.deepEqual(read(bytes, everywhere), whole);
      }),
      { numRuns: 3_000 },
    );
  });

  test('any bytes end in an error or are waited for, and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400, size: 'max' }), bytes => {
        const { error } = read(Buffer.concat([settingsFrame, bytes]), []);
        assert.ok(error >= 0 && error <= ErrorCode.http11Required);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('header blocks', () => {
  const start = frame(FrameType.headers, Flag.endStream, 1, Buffer.from('ab'));

  test('are put together', () => {
    const bytes = Buffer.concat([
      settingsFrame,
      start,
      frame(FrameType.continuation, 0, 1, Buffer.from('cd')),
      frame(FrameType.continuation, Flag.endHeaders, 1, Buffer.from('ef')),
    ]);
    assert.deepEqual(read(bytes, []).told.at(-1), `headers 1 true ${Buffer.from('abcdef').toString('hex')}`);
  });

  test('are refused beyond their limit, in bytes and in pieces', () => {
    const large = frame(FrameType.continuation, 0, 1, Buffer.alloc(500));
    assert.equal(read(Buffer.concat([settingsFrame, start, large, large, large, large]), []).error, 11);
    const last = (bytes: number) => frame(FrameType.continuation, Flag.endHeaders, 1, Buffer.alloc(bytes));
    assert.equal(read(Buffer.concat([settingsFrame, start, large, large, large, last(498)]), []).error, 0);
    assert.equal(read(Buffer.concat([settingsFrame, start, large, large, large, last(499)]), []).error, 11);
    const empty = frame(FrameType.continuation, 0, 1, Buffer.alloc(0));
    const again = [start, ...Array(40).fill(empty), last(1)];
    assert.equal(read(Buffer.concat([settingsFrame, ...again, ...again]), []).error, 0, 'each block has its own limit');
    assert.equal(read(Buffer.concat([settingsFrame, start, ...Array(64).fill(empty)]), []).error, 0);
    assert.equal(read(Buffer.concat([settingsFrame, start, ...Array(65).fill(empty)]), []).error, 11);
  });
});

describe('what is unfinished', () => {
  test('is told apart: another number for another frame, 0 for none and for DATA', () => {
    const reader = new FrameReader(new Recorder(), 2_000);
    const feed = (bytes: Buffer): number => {
      assert.equal(reader.feed(bytes, 0, bytes.length), 0);
      return reader.unfinished;
    };
    assert.equal(feed(settingsFrame), 0);
    const ping = frame(FrameType.ping, 0, 0, Buffer.alloc(8));
    const first = feed(ping.subarray(0, 12));
    assert.ok(first > 0);
    assert.equal(feed(ping.subarray(12, 14)), first);
    const second = feed(Buffer.concat([ping.subarray(14), ping.subarray(0, 3)]));
    assert.ok(second !== first && second > 0);
    assert.equal(feed(ping.subarray(3)), 0);
    assert.equal(feed(frame(FrameType.data, 0, 1, Buffer.from('abc')).subarray(0, 11)), 0);
    assert.equal(feed(Buffer.from('c')), 0);
    const block = feed(frame(FrameType.headers, 0, 1, Buffer.from('a')));
    assert.ok(block > second);
    assert.equal(feed(frame(FrameType.continuation, 0, 1, Buffer.from('b'))), block);
    assert.equal(feed(frame(FrameType.continuation, Flag.endHeaders, 1, Buffer.from('c'))), 0);
  });
});

/** What is told of `frames` after the SETTINGS that come first, and the error. */
function after(...frames: readonly Buffer[]): { told: readonly string[]; error: number } {
  const { told, error } = read(Buffer.concat([settingsFrame, ...frames]), []);
  return { told: told.slice(1), error };
}

test('every frame is told as it stands, without the reserved bit of a stream or an increment (RFC 9113 section 4.1)', () => {
  const numbers = (...words: readonly number[]) =>
    Buffer.concat(words.map(word => new Uint8Array([word >>> 24, word >>> 16, word >>> 8, word])));
  const eight = Buffer.from('0102030405060708', 'hex');
  const cases: [told: string, bytes: Buffer][] = [
    ['data 1 3 false 616263', frame(FrameType.data, 0, 1, Buffer.from('abc'))],
    ['data 2147483647 0 true ', frame(FrameType.data, Flag.endStream, 0xffffffff, Buffer.alloc(0))],
    ['data 1 4 true 61', frame(FrameType.data, Flag.padded | Flag.endStream, 1, Buffer.from('\x02a\0\0'))],
    ['data 1 3 false ', frame(FrameType.data, Flag.padded, 1, Buffer.from('\x02\0\0'))],
    ['data 1 1 false 61', frame(FrameType.data, 0, 1, Buffer.from('a'))],
    ['headers 3 false 6162', frame(FrameType.headers, Flag.endHeaders, 3, Buffer.from('ab'))],
    ['headers 3 true 61', frame(FrameType.headers, 0x2d, 3, Buffer.from('\x01.....a\0'))],
    ['headers 3 false 61', frame(FrameType.headers, 0x24, 3, Buffer.from('.....a'))],
    ['headers 3 false ', frame(FrameType.headers, 0x0c, 3, Buffer.from('\x02\0\0'))],
    ['priority 5', frame(FrameType.priority, 0, 5, Buffer.alloc(5))],
    ['reset 5 4278190081', frame(FrameType.rstStream, 0, 5, numbers(0xff000001))],
    ['settings 000300000064', frame(FrameType.settings, 0, 0, Buffer.from('000300000064', 'hex'))],
    ['settings ack', frame(FrameType.settings, Flag.ack, 0, Buffer.alloc(0))],
    ['ping 0102030405060708', frame(FrameType.ping, 0, 0, eight)],
    ['ping ack', frame(FrameType.ping, Flag.ack, 0, eight)],
    ['goaway 2147483647 4278190081', frame(FrameType.goaway, 0, 0, numbers(0xffffffff, 0xff000001, 7))],
    ['goaway 1 2', frame(FrameType.goaway, 0, 0, numbers(1, 2))],
    ['window 0 2147483647', frame(FrameType.windowUpdate, 0, 0, numbers(0xffffffff))],
    ['unknown', frame(0x77, 0xff, 0, eight)],
  ];
  for (const [told, bytes] of cases) assert.deepEqual(after(bytes, bytes), { told: [told, told], error: 0 });
});

test('a frame where it may not be ends the connection (RFC 9113 section 6)', () => {
  const nothing = Buffer.alloc(0);
  const block = frame(FrameType.headers, 0, 1, Buffer.from('ab'));
  const { protocolError, frameSizeError } = ErrorCode;
  const cases: [why: string, error: number, ...frames: Buffer[]][] = [
    ['DATA of no stream', protocolError, frame(FrameType.data, 0, 0, nothing)],
    ['HEADERS of no stream', protocolError, frame(FrameType.headers, Flag.endHeaders, 0, nothing)],
    ['PRIORITY of no stream', protocolError, frame(FrameType.priority, 0, 0, Buffer.alloc(5))],
    ['RST_STREAM of no stream', protocolError, frame(FrameType.rstStream, 0, 0, Buffer.alloc(4))],
    ['SETTINGS of a stream', protocolError, frame(FrameType.settings, 0, 1, nothing)],
    ['PING of a stream', protocolError, frame(FrameType.ping, 0, 1, Buffer.alloc(8))],
    ['GOAWAY of a stream', protocolError, frame(FrameType.goaway, 0, 1, Buffer.alloc(8))],
    ['PUSH_PROMISE', protocolError, frame(FrameType.pushPromise, Flag.endHeaders, 1, Buffer.alloc(4))],
    ['CONTINUATION of nothing', protocolError, frame(FrameType.continuation, Flag.endHeaders, 1, nothing)],
    ['CONTINUATION of another stream', protocolError, block, frame(FrameType.continuation, 4, 3, nothing)],
    ['DATA inside a header block', protocolError, block, frame(FrameType.data, 0, 1, nothing)],
    ['an unknown frame inside a header block', protocolError, block, frame(0x77, 0, 1, nothing)],
    ['padding beyond DATA', protocolError, frame(FrameType.data, Flag.padded, 1, Buffer.from('\x03\0\0'))],
    ['DATA without its pad length', frameSizeError, frame(FrameType.data, Flag.padded, 1, nothing)],
    ['padding beyond HEADERS', protocolError, frame(FrameType.headers, 0x0c, 1, Buffer.from('\x03\0\0'))],
    ['HEADERS without its pad length', frameSizeError, frame(FrameType.headers, 0x0c, 1, nothing)],
    ['HEADERS without its priority', protocolError, frame(FrameType.headers, 0x24, 1, Buffer.alloc(4))],
    [
      'padding over the priority',
      protocolError,
      frame(FrameType.headers, 0x2c, 1, Buffer.from('\x01.....').subarray(0, 6)),
    ],
  ];
  for (const [why, error, ...frames] of cases) assert.equal(after(...frames).error, error, why);
});

test('the first frame is SETTINGS that is no answer (RFC 9113 section 3.4)', () => {
  for (const first of [
    frame(FrameType.ping, 0, 0, Buffer.alloc(8)),
    frame(FrameType.settings, Flag.ack, 0, Buffer.alloc(0)),
    frame(FrameType.headers, Flag.endHeaders, 1, Buffer.alloc(0)),
  ])
    assert.deepEqual(read(first, []), { told: [], error: ErrorCode.protocolError });
});

test('a payload may have 16,384 bytes, and none more (RFC 9113 section 4.2), in one piece or in many', () => {
  const everywhere = (bytes: Buffer) => Array.from({ length: 40 }, (_, index) => index / bytes.length);
  for (const type of [FrameType.data, 0x77]) {
    for (const length of [256, 300, 16_384]) {
      const bytes = Buffer.concat([
        settingsFrame,
        frame(type, 0, 1, Buffer.alloc(length)),
        frame(type, 0, 1, Buffer.alloc(1)),
      ]);
      const whole = read(bytes, []);
      assert.deepEqual([whole.error, whole.told.length], [0, 3]);
      assert.deepEqual(read(bytes, everywhere(bytes)), whole);
    }
    for (const length of [16_385, 65_536, 65_537, 0xffffff]) {
      const bytes = Buffer.alloc(18);
      writeFrameHeader(bytes, 0, 0, FrameType.settings, 0, 0);
      writeFrameHeader(bytes, 9, length, type, 0, 1);
      for (const cuts of [[], everywhere(bytes)]) assert.equal(read(bytes, cuts).error, ErrorCode.frameSizeError);
    }
  }
});

test('what the handler says ends the connection, whichever frame it says it of', () => {
  const empty = Buffer.alloc(0);
  const frames = [frame(FrameType.data, 0, 1, Buffer.from('a')), frame(FrameType.data, 0, 1, empty)];
  frames.push(frame(FrameType.ping, 0, 0, Buffer.alloc(8)), frame(FrameType.settings, Flag.ack, 0, empty));
  for (const bytes of frames) {
    for (const size of [1, 9, bytes.length]) {
      const recorder = new Recorder();
      const reader = new FrameReader(recorder, 100);
      assert.equal(reader.feed(settingsFrame, 0, settingsFrame.length), 0);
      // The size of a frame's header: then DATA is refused when it begins.
      if (bytes[3] === FrameType.data && size === 9) recorder.startAnswer = 7;
      else recorder.answer = 7;
      let error = 0;
      for (let at = 0; at < bytes.length && error === 0; at += size)
        error = reader.feed(bytes, at, Math.min(bytes.length, at + size));
      assert.equal(error, 7);
    }
  }
});

test('a frame of a wrong size is refused by its header: what it holds may never come', () => {
  const sizes: readonly (readonly [type: number, flags: number, stream: number, length: number])[] = [
    [FrameType.windowUpdate, 0, 0, 226],
    [FrameType.rstStream, 0, 1, 5],
    [FrameType.ping, 0, 0, 9],
    [FrameType.settings, 0, 0, 7],
    [FrameType.settings, Flag.ack, 0, 6],
    [FrameType.priority, 0, 1, 6],
    [FrameType.goaway, 0, 0, 7],
  ];
  for (const [type, flags, stream, length] of sizes) {
    const bytes = Buffer.alloc(18);
    writeFrameHeader(bytes, 0, 0, FrameType.settings, 0, 0);
    writeFrameHeader(bytes, 9, length, type, flags, stream);
    const recorder = new Recorder();
    assert.equal(new FrameReader(recorder, 1_000).feed(bytes, 0, 18), ErrorCode.frameSizeError, `type ${type}`);
    assert.deepEqual(recorder.told, ['settings ']);
  }
});
