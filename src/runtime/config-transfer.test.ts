// Decoding returns the Config that was encoded; only what changed is decoded, and the rest stays the same objects.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import fc from 'fast-check';
import { changedRange } from '../base/changed-range.ts';
import { bareMatch, bareRoute } from '../config/bare-route.ts';
import type { Config } from '../config/config.ts';
import { type ConfigTransfer, decodeConfig, encodeConfig } from './config-transfer.ts';
import { runSliced } from './run-sliced.ts';
import { manyRoutes, sampleConfig, sampleRoute, sampleUpstream } from './sample-config.fixture.ts';

/** The transfer as a worker receives it. */
function posted(transfer: ConfigTransfer): ConfigTransfer {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(transfer);
  const received: { message: ConfigTransfer } | undefined = receiveMessageOnPort(port2);
  port1.close();
  assert.ok(received);
  return received.message;
}

async function decode(transfer: ConfigTransfer, previous: Config | null) {
  const { value } = await runSliced(decodeConfig(posted(transfer), previous));
  return value;
}

const unicode = sampleRoute('ünïcödé 🚪', '/grüße/*');
const before = sampleConfig({ upstreams: [sampleUpstream('a', [1, 2])], routes: [unicode, ...manyRoutes(50, 'a')] });

test('a whole configuration comes through as it was', async () => {
  const { config, decodedElements } = await decode(encodeConfig(before, null), null);
  assert.deepEqual(config, before);
  assert.equal(decodedElements, 52);
});

test('of a changed configuration only the changed element is decoded, wherever the others moved', async () => {
  const { config: first } = await decode(encodeConfig(before, null), null);
  const [moved, ...others] = before.routes;
  const changed = { ...others[7], timeoutMs: 123 };
  const routes = [...others.slice(0, 7), changed, ...others.slice(8), moved];
  // As after a new reading of the files: equal, but not identical.
  const after = sampleConfig(JSON.parse(JSON.stringify({ ...before, routes })));
  const { config, decodedElements } = await decode(encodeConfig(after, before), first);
  assert.deepEqual(config, after);
  assert.equal(decodedElements, 1);
  assert.equal(config.upstreams[0], first.upstreams[0]);
  assert.equal(config.routes[0], first.routes[1]);
  assert.equal(config.routes.at(-1), first.routes[0]);
});

test('where two lists differ is known behind the transfer as well', async () => {
  const long = sampleConfig({ upstreams: [sampleUpstream('a', [1])], routes: manyRoutes(1_010, 'a') });
  const { config: first } = await decode(encodeConfig(long, null), null);
  const edit = fc.record({ at: fc.nat(1_010), remove: fc.nat(2), add: fc.nat(2), moveTo: fc.option(fc.nat(1_000)) });
  let made = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { maxLength: 3 }), async edits => {
      const routes = [...long.routes];
      for (const { at, remove, add, moveTo } of edits) {
        const came = Array.from({ length: add }, () => sampleRoute(`new-${made++}`, '/new'));
        const went = routes.splice(at, remove, ...came);
        if (moveTo !== null) routes.splice(moveTo, 0, ...went);
      }
      const after = sampleConfig({ ...long, routes });
      const { config } = await decode(encodeConfig(after, long), first);
      assert.deepEqual(config.routes, after.routes);
      // The changed range of the copies has to be computed, because nothing is remembered about them.
      assert.deepEqual(changedRange(first.routes, config.routes), changedRange([...first.routes], [...config.routes]));
    }),
    { numRuns: 60, seed: 20_261_121 },
  );
});

test('a transfer for another base is refused', async () => {
  const after = sampleConfig({ drainTimeoutMs: 1 });
  const transfer = encodeConfig(after, before);
  await assert.rejects(decode(transfer, null), /builds on version/);
  await assert.rejects(decode(transfer, after), /builds on version/);
});

test('a large configuration is decoded in slices', async () => {
  const large = sampleConfig({ upstreams: [sampleUpstream('a', [1])], routes: manyRoutes(20_000, 'a') });
  const steps = decodeConfig(encodeConfig(large, null), null);
  let slices = 1;
  while (steps.next().done !== true) slices++;
  assert.ok(slices > 3, `${slices} slices`);
});

test('the listeners and clients of a route come through, of an otherwise bare one as well', async () => {
  const routes = [{ listeners: ['internal'] }, { clients: ['10.0.0.0/8'] }].map((more, at) =>
    bareRoute(`r${at}`, { ...bareMatch([], '/a', []), ...more }, 'a'),
  );
  const config = sampleConfig({ upstreams: [sampleUpstream('a', [1])], routes });
  assert.deepEqual((await decode(encodeConfig(config, null), null)).config, config);
});
