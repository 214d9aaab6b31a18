// Sources are started once, kept while needed, and heard by every worker. They never delay a start for long.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../test/support/eventually.ts';
import type { FeedOutlet, FeedSource, RunningFeed } from '../../store/feed.ts';
import { FeedDesk, type FeedTrouble } from './feed-desk.ts';
import { WorkerFeeds } from './worker-feeds.ts';

/** A source that the test controls: each start is recorded with its outlet. */
function playedSource(kind: string) {
  const started: { spec: unknown; outlet: FeedOutlet<unknown>; hints: string[]; stopped: boolean }[] = [];
  const source: FeedSource<unknown> = {
    kind,
    start(spec, outlet) {
      const one = { spec, outlet, hints: [] as string[], stopped: false };
      started.push(one);
      outlet.publish(`first of ${String(spec)}`);
      return {
        ready: Promise.resolve(),
        nudge: hint => one.hints.push(hint),
        stop: () => {
          one.stopped = true;
        },
      };
    },
  };
  return { source, started };
}

function deskOf(source: FeedSource<unknown>) {
  const sent: [string, unknown][] = [];
  const log: string[] = [];
  const desk = new FeedDesk({
    sources: new Map([[source.kind, async () => source]]),
    send: (key, value) => sent.push([key, value]),
    log: (level, message) => log.push(`${level} ${message}`),
    sharedTable: () => undefined,
  });
  return { desk, sent, log };
}

const a = { kind: 'played', spec: 'a' };
const b = { kind: 'played', spec: 'b' };

test('a feed is started once, its values are sent and kept for workers that come later', async () => {
  const { source, started } = playedSource('played');
  const { desk, sent } = deskOf(source);
  await desk.open([a, b]);
  await desk.open([a]);
  assert.equal(started.length, 2);
  started[0]!.outlet.publish('second of a');
  assert.deepEqual(sent, [
    ['played "a"', 'first of a'],
    ['played "b"', 'first of b'],
    ['played "a"', 'second of a'],
  ]);
  const told: unknown[] = [];
  await desk.tell(async (key, value) => told.push([key, value]));
  assert.deepEqual(told, [
    ['played "a"', 'second of a'],
    ['played "b"', 'first of b'],
  ]);
});

test('a worker that is told what it missed ends with the newest, also where that comes meanwhile', async () => {
  const { source, started } = playedSource('played');
  const { desk, sent } = deskOf(source);
  await desk.open([a, b]);
  let arrive = (): void => {};
  const arrived = new Promise<void>(resolve => {
    arrive = resolve;
  });
  const telling = desk.tell((key, value) => {
    sent.push([key, value]);
    return arrived;
  });
  started[1]!.outlet.publish('second of b');
  arrive();
  await telling;
  assert.deepEqual(sent.at(-1), ['played "b"', 'second of b']);
});

test('a feed that is no longer needed is stopped and says nothing more', async () => {
  const { source, started } = playedSource('played');
  const { desk, sent } = deskOf(source);
  await desk.open([a, b]);
  desk.keepOnly([b]);
  assert.deepEqual(
    started.map(({ stopped }) => stopped),
    [true, false],
  );
  started[0]!.outlet.publish('late');
  started[0]!.outlet.report('late');
  assert.equal(sent.length, 2);
  assert.deepEqual(desk.troubles, []);
});

test('a feed that starts again takes back what it sent before it was stopped, if that is out of date', async () => {
  for (const staleAfterStop of [true, false]) {
    const { source } = playedSource('played');
    const { desk, sent } = deskOf({ ...source, staleAfterStop });
    const feeds = new WorkerFeeds(() => {});
    const feed = feeds.feed<string>(a);
    const heard: string[] = [];
    feed.onChange(value => heard.push(value));
    await desk.open([a]);
    desk.keepOnly([]);
    await desk.open([a]);
    assert.deepEqual(
      sent.map(([, value]) => value),
      ['first of a', ...(staleAfterStop ? [undefined] : []), 'first of a'],
    );
    for (const [key, value] of sent.slice(0, -1)) feeds.receive(key, value);
    assert.equal(feed.value, staleAfterStop ? undefined : 'first of a');
    assert.deepEqual(heard, ['first of a'], 'no listener is given what is no value');
  }
});

test('a feed begins with what the running one of its origin has, and with nothing of another origin or of one without a value', async () => {
  const begun: unknown[] = [];
  const running = new Map<string, RunningFeed>();
  const { desk } = deskOf({
    kind: 'played',
    originOf: spec => String(spec).slice(0, 1),
    start(spec, outlet, before) {
      begun.push([spec, [...running].find(([, each]) => each === before)?.[0]]);
      if (spec !== 'silent') outlet.publish(`of ${String(spec)}`);
      const feed = { ready: Promise.resolve(), nudge: () => {}, stop: () => {} };
      running.set(String(spec), feed);
      return feed;
    },
  });
  const needs = (...specs: string[]) => specs.map(spec => ({ kind: 'played', spec }));
  await desk.open(needs('a hourly', 'silent'));
  await desk.open(needs('a daily', 'b daily', 'silent too'));
  desk.keepOnly(needs('b daily'));
  await desk.open(needs('a weekly'));
  assert.deepEqual(begun, [
    ['a hourly', undefined],
    ['silent', undefined],
    ['a daily', 'a hourly'],
    ['b daily', undefined],
    ['silent too', undefined],
    ['a weekly', undefined],
  ]);
});

test('trouble is told once, shown, and its end is told', async () => {
  const { source, started } = playedSource('played');
  const { desk, log } = deskOf(source);
  await desk.open([a]);
  const { outlet } = started[0]!;
  outlet.report('nobody answers');
  outlet.report('nobody answers');
  assert.deepEqual(
    desk.troubles.map(({ kind, trouble }) => [kind, trouble]),
    [['played', 'nobody answers']],
  );
  const [{ since }] = desk.troubles as [FeedTrouble];
  await eventually(() => Date.now() > since, 'time passes');
  outlet.report('it loads');
  assert.deepEqual(desk.troubles, [{ kind: 'played', trouble: 'it loads', since }]);
  outlet.report(null);
  assert.deepEqual(desk.troubles, []);
  const told = 'warn feed is not up to date';
  assert.deepEqual(log, [told, told, 'info feed is up to date again']);
});

test('a source that never has its first value does not keep the gateway from starting', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { desk } = deskOf({
    kind: 'played',
    start: () => ({ ready: new Promise(() => {}), nudge: () => {}, stop: () => {} }),
  });
  const opened = desk.open([a]);
  // The source is loaded first; the timeout starts only after that.
  await new Promise(resolve => setImmediate(resolve));
  t.mock.timers.tick(2_000);
  await opened;
});

test('a kind that nobody feeds is an error', async () => {
  const { desk } = deskOf(playedSource('played').source);
  await assert.rejects(desk.open([{ kind: 'other', spec: null }]), /no source for the feed "other"/);
});

test('a worker has one object a feed, hears of new values, and passes nudges on', () => {
  const nudges: string[][] = [];
  const feeds = new WorkerFeeds((key, hint) => nudges.push([key, hint]));
  const feed = feeds.feed<string>(a);
  assert.equal(feed.value, undefined);
  const heard: string[] = [];
  const stop = feed.onChange(value => heard.push(value));
  feeds.receive('played "a"', 'one');
  assert.equal(feeds.feed<string>({ kind: 'played', spec: 'a' }), feed);
  assert.equal(feed.value, 'one');
  stop();
  feeds.receive('played "a"', 'two');
  feed.nudge('kid-7');
  assert.deepEqual(heard, ['one']);
  assert.deepEqual(nudges, [['played "a"', 'kid-7']]);
});
