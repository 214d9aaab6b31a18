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
  private data = '';
  private started = '';

  onDataStart(streamId: number, length: number, endStream: boolean): number {
    this.started = `data ${streamId} ${length} ${endStream}`;
    this.data = '';
    return 0;
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
    return 0;
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
    fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ minLength: 8, maxLength: 8 })),
  )
  .map(([type, flags, stream, payload]) => frame(type, flags, stream, payload));

describe('pieces', () => {
  test('however frames are cut, the same is told', () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 12 }), cuts, (frames, at) => {
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
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
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
    const empty = frame(FrameType.continuation, 0, 1, Buffer.alloc(0));
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
    assert.equal(feed(frame(FrameType.continuation, 0, 1, Buffer.from('b'))), block);
    assert.equal(feed(frame(FrameType.continuation, Flag.endHeaders, 1, Buffer.from('c'))), 0);
  });
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
