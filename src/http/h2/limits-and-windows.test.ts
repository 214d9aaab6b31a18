// The small parts of HTTP/2: SETTINGS, flow-control windows, flood budgets, trailers.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderId } from '../header-names.ts';
import { ErrorCode } from './error-code.ts';
import { FloodGuard } from './flood-guard.ts';
import { ReceiveWindow, SendWindow, WINDOW_MAX } from './flow-window.ts';
import { fieldOf } from './hpack/field.ts';
import { FieldBlock } from './hpack/field-block.ts';
import { PeerSettings, Setting, settingsPayload } from './settings.ts';
import { readTrailers } from './trailers.ts';

describe('settings', () => {
  const apply = (...pairs: (readonly [number, number])[]): { settings: PeerSettings; error: number } => {
    const settings = new PeerSettings();
    const payload = settingsPayload(pairs);
    return { settings, error: settings.apply(payload, 0, payload.length) };
  };

  test('are taken in order, unknown ones passed over', () => {
    const { settings, error } = apply(
      [Setting.initialWindowSize, 1],
      [0x77, 5],
      [Setting.initialWindowSize, WINDOW_MAX],
      [Setting.headerTableSize, 0],
      [Setting.maxFrameSize, 16_777_215],
      [Setting.enableConnectProtocol, 1],
      [Setting.enablePush, 0],
    );
    assert.equal(error, 0);
    assert.deepEqual(
      [
        settings.initialWindow,
        settings.headerTableBytes,
        settings.frameBytesMax,
        settings.connectProtocol,
        settings.pushEnabled,
      ],
      [WINDOW_MAX, 0, 16_777_215, true, false],
    );
  });

  test('that were not sent have the values of RFC 9113 section 6.5.2', () => {
    const { settings } = apply();
    const { headerTableBytes, pushEnabled, concurrentStreamsMax, initialWindow, frameBytesMax } = settings;
    const { headerListBytesMax, connectProtocol } = settings;
    assert.deepEqual([headerTableBytes, pushEnabled, concurrentStreamsMax], [4_096, true, Infinity]);
    assert.deepEqual([initialWindow, frameBytesMax], [65_535, 16_384]);
    assert.deepEqual([headerListBytesMax, connectProtocol], [Infinity, false]);
  });

  test('may have the values at the ends of their ranges', () => {
    const { settings, error } = apply(
      [Setting.maxFrameSize, 16_384],
      [Setting.enablePush, 1],
      [Setting.enableConnectProtocol, 0],
      [Setting.maxConcurrentStreams, 0],
      [Setting.maxHeaderListSize, 0xffffffff],
    );
    assert.deepEqual([error, settings.frameBytesMax, settings.pushEnabled], [0, 16_384, true]);
    assert.deepEqual([settings.concurrentStreamsMax, settings.headerListBytesMax], [0, 0xffffffff]);
    assert.equal(apply([Setting.enableConnectProtocol, 1], [Setting.enableConnectProtocol, 1]).error, 0);
    // An id is two bytes: 0x104 is not 0x4.
    const other = new PeerSettings();
    assert.equal(other.apply(Buffer.from('010400000001', 'hex'), 0, 6), 0);
    assert.equal(other.initialWindow, 65_535);
  });

  for (const [pairs, code] of [
    [[[Setting.initialWindowSize, WINDOW_MAX + 1]], ErrorCode.flowControlError],
    [[[Setting.maxFrameSize, 16_383]], ErrorCode.protocolError],
    [[[Setting.maxFrameSize, 16_777_216]], ErrorCode.protocolError],
    [[[Setting.enableConnectProtocol, 2]], ErrorCode.protocolError],
    [[[Setting.enablePush, 2]], ErrorCode.protocolError],
    [
      [
        [Setting.enableConnectProtocol, 1],
        [Setting.enableConnectProtocol, 0],
      ],
      ErrorCode.protocolError,
    ],
  ] as const)
    test(`${JSON.stringify(pairs)} is error ${code}`, () => assert.equal(apply(...pairs).error, code));
});

describe('windows', () => {
  test('what comes is counted, and given back once half of it is used', () => {
    const window = new ReceiveWindow(100);
    assert.equal(window.take(60), true);
    assert.equal(window.release(49), 0);
    assert.equal(window.release(11), 60);
    assert.equal(window.take(100), true);
    assert.equal(window.take(1), false);
  });

  test('half of an even window is enough to give it back', () => {
    const window = new ReceiveWindow(100);
    assert.equal(window.take(50), true);
    assert.equal(window.release(50), 50);
    assert.equal(window.take(60), true);
    assert.equal(window.release(10), 0);
    assert.equal(window.giveBack(), 10);
    assert.equal(window.giveBack(), 0);
    assert.equal(window.take(51), false, 'only 50 were left');
  });

  test('a window grows to twice its size, up to a largest one, and what it gained may come at once', () => {
    const window = new ReceiveWindow(100);
    assert.equal(window.widen(250), 100);
    assert.equal(window.take(200), true);
    assert.equal(window.release(99), 0, 'less than half of 200');
    assert.equal(window.widen(250), 50);
    assert.equal(window.widen(250), 0);
    assert.equal(window.take(50), true);
    assert.equal(window.take(1), false);
    const begun = new ReceiveWindow(100, 40);
    assert.equal(begun.take(40), true);
    assert.equal(begun.take(1), false);
  });

  test('what may be sent grows to 2^31-1, and may be below 0', () => {
    const window = new SendWindow(10);
    assert.equal(window.grow(-20), true);
    assert.equal(window.available, -10);
    assert.equal(window.grow(WINDOW_MAX), true);
    assert.equal(window.grow(11), false);
  });
});

describe('budgets', () => {
  test('resets: a burst, then a rate', () => {
    const guard = new FloodGuard({ resetBurst: 3, resetsPerSecond: 2 }, 0);
    assert.deepEqual([guard.reset(0), guard.reset(0), guard.reset(0), guard.reset(0)], [true, true, true, false]);
    assert.deepEqual([guard.reset(400), guard.reset(500), guard.reset(500)], [false, true, false]);
    // Time never fills the budget beyond the burst.
    const later = Array.from({ length: 5 }, () => guard.reset(1e6));
    assert.deepEqual(later, [true, true, true, false, false]);
  });

  test('frames without use are paid for by useful ones', () => {
    const spent = (useful: boolean): number => {
      const guard = new FloodGuard({ resetBurst: 1, resetsPerSecond: 1 }, 0);
      let count = 0;
      while (count < 10_000 && guard.idleFrame(0)) {
        count++;
        if (useful) guard.useful();
      }
      return count;
    };
    assert.equal(spent(false), 1_000);
    assert.equal(spent(true), 10_000);
  });

  test('useful traffic never fills the budget beyond the burst', () => {
    const guard = new FloodGuard({ resetBurst: 1, resetsPerSecond: 1 }, 0);
    guard.idleFrame(0);
    guard.useful(16_384);
    let count = 0;
    while (guard.idleFrame(0)) count++;
    assert.equal(count, 1_000);
  });

  test('SETTINGS cost ten of them', () => {
    const guard = new FloodGuard({ resetBurst: 1, resetsPerSecond: 1 }, 0);
    let count = 0;
    while (guard.settings(0)) count++;
    assert.equal(count, 100);
  });
});

describe('trailers', () => {
  const read = (...pairs: (readonly [string, string])[]) =>
    readTrailers(
      new FieldBlock(
        pairs.map(([name, value]) => fieldOf(name, value)),
        0,
        false,
      ),
    );

  test('are fields', () => {
    assert.equal(read(['x-a', '1'], ['grpc-status', '0'])?.lines(), 'x-a: 1\r\ngrpc-status: 0\r\n');
    assert.equal(read()?.size, 0);
    const named = read(['etag', '"e"'], ['x-b', '2'], ['te', 'x'], ['content-length', '1']);
    assert.deepEqual([named?.getById(HeaderId.etag), named?.get('x-b'), named?.get('te')], ['"e"', '2', 'x']);
  });

  test('with pseudo-headers, flaws or fields of a connection are malformed', () => {
    for (const pair of [
      [':path', '/'],
      ['A', 'b'],
      ['a', 'b\r'],
      ['connection', 'close'],
      ['keep-alive', 'timeout=5'],
      ['proxy-connection', 'close'],
      ['transfer-encoding', 'chunked'],
    ] as const) {
      assert.equal(read(pair), null, pair[0]);
      assert.equal(read(['x-a', '1'], pair), null, pair[0]);
    }
    assert.equal(readTrailers(new FieldBlock([], 0, true)), null);
  });
});
