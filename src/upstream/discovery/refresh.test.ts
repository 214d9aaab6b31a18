import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from '../../base/random.ts';
import type { DiscoveredSet } from './discovery.ts';
import { type Look, Refresh, type RefreshSettings, type RefreshTime } from './refresh.ts';

/** A clock that stands still until a test moves it; timers fire in their order. */
class TestTime implements RefreshTime {
  private at = 1_000_000;
  private timers: { at: number; run: () => void }[] = [];
  now() {
    return this.at;
  }
  after(ms: number, run: () => void) {
    const timer = { at: this.at + ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter(each => each !== timer);
    };
  }
  /** Milliseconds until the next timer; Infinity when there is none. */
  get next() {
    return Math.min(...this.timers.map(({ at }) => at)) - this.at;
  }
  /** Moves the clock to the next timer, runs it, and waits until what it started is over. */
  async step() {
    const next = this.timers.toSorted((a, b) => a.at - b.at)[0]!;
    this.timers = this.timers.filter(each => each !== next);
    this.at = next.at;
    next.run();
    await settled();
  }
  advance(ms: number) {
    this.at += ms;
  }
}

async function settled() {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

function found(addresses: readonly string[], validMs = 10_000): Look {
  return {
    validMs,
    endpoints: addresses.map(address => ({ address, port: 80, tls: false, weight: 1, zone: '', name: '' })),
  };
}

async function start(
  script: (Look | Error)[],
  { usesSystemTime = false, ...more }: { usesSystemTime?: boolean } & Partial<RefreshSettings> = {},
) {
  const time = new TestTime();
  const published: string[][] = [];
  const reports: (string | null)[] = [];
  const logged: Record<string, unknown>[] = [];
  let looks = 0;
  const look = () => {
    const outcome = script[Math.min(looks++, script.length - 1)]!;
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  };
  const outlet = {
    publish: ({ endpoints }: DiscoveredSet) => published.push(endpoints.map(({ address }) => address)),
    report: (trouble: string | null) => reports.push(trouble),
    log: (_level: string, message: string, fields = {}) => logged.push({ message, ...fields }),
    sharedTable: () => new SharedArrayBuffer(0),
  };
  const settings = { subject: 'dns x.test', keptMinMs: 1_000, keptMaxMs: 60_000, ...more };
  const refresh = new Refresh(look, settings, outlet, usesSystemTime ? undefined : time, new Random(7));
  await refresh.ready;
  return { time, published, reports, logged, refresh, looks: () => looks };
}

describe('refreshing what was found', () => {
  test('the next look comes when the answer is old, up to a tenth early', async () => {
    const { time } = await start([found(['10.0.0.1'], 10_000)]);
    for (let i = 0; i < 50; i++) {
      assert.ok(time.next > 8_999 && time.next <= 10_000, String(time.next));
      await time.step();
    }
  });

  test('what another lookup of the name had found is in use until the first look succeeds, with its age', async () => {
    const endpoint = { port: 80, tls: false, weight: 1, zone: '', name: '' };
    const before = {
      endpoints: ['10.0.0.2', '10.0.0.1'].map(address => ({ address, ...endpoint })),
      answeredAt: 1_000_000 - 30_000,
    };
    const { time, published, reports, refresh } = await start(
      [new Error('it is away'), found(['10.0.0.1', '10.0.0.2']), found(['10.0.0.3'])],
      { before },
    );
    assert.deepEqual(published, [['10.0.0.1', '10.0.0.2']]);
    assert.deepEqual(reports, ['dns x.test: it is away; its last 2 endpoint(s) stay in use']);
    assert.deepEqual([refresh.describe()['endpoints'], refresh.describe()['ageSeconds']], [2, 30]);
    await time.step();
    assert.equal(published.length, 1);
    assert.equal(refresh.describe()['ageSeconds'], 0);
    await time.step();
    assert.deepEqual(published.at(-1), ['10.0.0.3']);
  });

  test('TTLs are held between the bounds', async () => {
    const soon = await start([found(['10.0.0.1'], 0)]);
    assert.ok(soon.time.next > 899 && soon.time.next <= 1_000);
    const late = await start([found(['10.0.0.1'], 86_400_000)]);
    assert.ok(late.time.next > 53_999 && late.time.next <= 60_000);
  });

  test('only changes are published, in one order, and told', async () => {
    const { time, published, logged } = await start([
      found(['10.0.0.2', '10.0.0.1']),
      found(['10.0.0.1', '10.0.0.2']),
      found(['10.0.0.3', '10.0.0.2']),
    ]);
    await time.step();
    assert.deepEqual(published, [['10.0.0.1', '10.0.0.2']]);
    await time.step();
    assert.deepEqual(published.at(-1), ['10.0.0.2', '10.0.0.3']);
    assert.deepEqual(logged, [
      { message: 'endpoints changed', source: 'dns x.test', joined: '10.0.0.3:80', left: '10.0.0.1:80' },
    ]);
  });

  test('the same address twice is one endpoint with the weight of both', async () => {
    const twice = found(['10.0.0.1', '10.0.0.1']);
    const { refresh } = await start([twice]);
    assert.equal(refresh.describe()['endpoints'], 1);
  });

  test('what is no longer found stays, is told with its age, and is looked for with growing pauses', async () => {
    const { time, published, reports, refresh } = await start([
      found(['10.0.0.1']),
      new Error('there is no name x.test (NXDOMAIN)'),
    ]);
    const pauses: number[] = [];
    for (let i = 0; i < 9; i++) {
      await time.step();
      pauses.push(time.next);
    }
    assert.deepEqual(published, [['10.0.0.1']]);
    assert.match(reports.at(-1)!, /dns x\.test: there is no name .*; its last 1 endpoint\(s\) stay in use/);
    for (const [i, pause] of pauses.entries()) {
      const full = Math.min(30_000, 1_000 * 2 ** i);
      assert.ok(pause >= full / 2 && pause <= full, `${i}: ${pause}`);
    }
    const { ageSeconds, endpoints } = refresh.describe();
    assert.equal(endpoints, 1);
    assert.ok(Number(ageSeconds) > 60, String(ageSeconds));
  });

  test('a name that comes back is up to date at once, and the pauses start anew', async () => {
    const { time, reports, published } = await start([
      found(['10.0.0.1']),
      new Error('SERVFAIL'),
      new Error('SERVFAIL'),
      found(['10.0.0.2']),
      new Error('SERVFAIL'),
    ]);
    for (let i = 0; i < 3; i++) await time.step();
    assert.equal(reports.at(-1), null);
    assert.deepEqual(published.at(-1), ['10.0.0.2']);
    await time.step();
    assert.ok(time.next <= 1_000);
  });

  test('a negative TTL is believed, for half a minute at most', async () => {
    const none = Object.assign(new Error('NXDOMAIN'), { keptSeconds: 20 });
    const { time } = await start([none]);
    assert.ok(time.next >= 10_000 && time.next <= 20_000);
    const long = await start([Object.assign(new Error('NXDOMAIN'), { keptSeconds: 86_400 })]);
    assert.ok(long.time.next <= 30_000);
  });

  test('a nudge looks soon, and never more often than once a second', async () => {
    const { time, refresh, looks } = await start([found(['10.0.0.1'], 50_000)]);
    refresh.nudge();
    refresh.nudge();
    assert.equal(time.next, 1_000);
    time.advance(500);
    refresh.nudge();
    assert.equal(time.next, 500);
    await time.step();
    assert.equal(looks(), 2);
    assert.ok(time.next > 10_000);
  });

  test('a nudge does not put off the look that follows a failure soon, however long an answer is kept', async () => {
    const { time, refresh } = await start([new Error('SERVFAIL')], { keptMinMs: 30_000 });
    const due = time.next;
    assert.ok(due <= 1_000);
    refresh.nudge();
    assert.equal(time.next, due);
  });

  test('a system clock that is set back holds no look up', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { refresh, looks } = await start([found(['10.0.0.1'], 50_000)], { usesSystemTime: true });
    const now = Date.now();
    t.mock.method(Date, 'now', () => now - 3_600_000);
    refresh.nudge();
    t.mock.timers.tick(1_000);
    await settled();
    assert.equal(looks(), 2);
    refresh.stop();
  });

  test('nothing is published or looked up after the stop', async () => {
    const { time, refresh, published } = await start([found(['10.0.0.1']), found(['10.0.0.2'])]);
    refresh.stop();
    refresh.nudge();
    assert.equal(time.next, Number.POSITIVE_INFINITY);
    assert.equal(published.length, 1);
  });
});
