// The small parts of HTTP/2: SETTINGS, flow-control windows, flood budgets, trailers.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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

  for (const [pairs, code] of [
    [[[Setting.initialWindowSize, WINDOW_MAX + 1]], ErrorCode.flowControlError],
    [[[Setting.maxFrameSize, 16_383]], ErrorCode.protocolError],
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
  });

  test('with pseudo-headers, flaws or fields of a connection are malformed', () => {
    for (const pair of [
      [':path', '/'],
      ['A', 'b'],
      ['a', 'b\r'],
      ['connection', 'close'],
      ['transfer-encoding', 'chunked'],
    ] as const)
      assert.equal(read(pair), null, pair[0]);
    assert.equal(readTrailers(new FieldBlock([], 0, true)), null);
  });
});
