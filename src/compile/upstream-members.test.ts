// The endpoints of an upstream from what feeds find for it: their URLs, and what an entry of the document says about them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upstreamSchema } from '../config/schemas/upstream-schema.ts';
import type { DiscoveredEndpoint } from '../upstream/discovery/discovery.ts';
import { type FeedShelf, feedsOfUpstream, membersOf } from './upstream-members.ts';

const found = (address: string, changes: Partial<DiscoveredEndpoint> = {}): DiscoveredEndpoint => ({
  address,
  port: 80,
  tls: false,
  weight: 1,
  zone: '',
  name: '',
  ...changes,
});

/** A shelf on which each name leads to these endpoints. */
function shelfOf(endpoints: readonly DiscoveredEndpoint[]): FeedShelf {
  const feed = { value: { endpoints }, onChange: () => () => {}, nudge() {} };
  // Because: only these are asked of a feed here.
  return { feed: () => feed } as unknown as FeedShelf;
}

const upstreamOf = (written: object) => ({ name: 'users', ...upstreamSchema.parse(written) });

test('a Unix socket from a file is known by its path', () => {
  const source = membersOf(
    upstreamOf({ discover: { file: 'a.yaml' } }),
    shelfOf([found('/run/app.sock', { port: 0 })]),
  )!;
  const [socket] = source.now;
  assert.deepEqual(
    [socket!.url, socket!.host, socket!.address],
    ['unix:/run/app.sock', '/run/app.sock', '/run/app.sock'],
  );
});

test('a Unix socket in the document is not looked up', () => {
  const upstream = upstreamOf({ endpoints: ['unix:/run/app.sock'] });
  assert.deepEqual(feedsOfUpstream(upstream), []);
  assert.equal(membersOf(upstream, shelfOf([])), null);
});

test('an address is a backup when every name and record that leads to it says so', () => {
  const backups = (written: object, endpoints: readonly DiscoveredEndpoint[]) =>
    membersOf(upstreamOf(written), shelfOf(endpoints))!.now.map(({ url, backup, weight }) => [
      url,
      backup === true,
      weight,
    ]);
  const own = 'http://10.0.0.9:80';
  assert.deepEqual(backups({ endpoints: [own, { url: 'http://a', backup: true }] }, [found('10.0.0.1')]), [
    [own, false, 1],
    ['http://10.0.0.1:80', true, 1],
  ]);
  assert.deepEqual(backups({ endpoints: ['http://a', { url: 'http://b', backup: true }] }, [found('10.0.0.1')]), [
    ['http://10.0.0.1:80', false, 2],
  ]);
  const both = [found('10.0.0.1'), found('10.0.0.2', { backup: true })];
  assert.deepEqual(backups({ discover: { srv: '_http._tcp.a' } }, both), [
    ['http://10.0.0.1:80', false, 1],
    ['http://10.0.0.2:80', true, 1],
  ]);
});
