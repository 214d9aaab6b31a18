// How many file descriptors are too few for the gateway to start, and how many are few for its clients.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewDescriptors, tooFewDescriptors } from './descriptor-room.ts';
import { sampleConfig } from './sample-config.fixture.ts';

test('too few to start: one line that names the limit and what would be right', () => {
  assert.match(
    tooFewDescriptors(2, 24)!,
    /^not started: .* only 24 open files .*`ulimit -n`.* 2 workers need \d+ .* 65536 are usual$/,
  );
  assert.match(tooFewDescriptors(1, 24)!, / 1 worker needs /);
  assert.equal(tooFewDescriptors(2, 1_024), null);
  assert.match(tooFewDescriptors(256, 1_024)!, /only 1024 /);
  assert.equal(tooFewDescriptors(256, Number.POSITIVE_INFINITY), null, 'not known');
});

test('few for clients: fewer than one worker may accept; the default is a bound that nobody is meant to reach', () => {
  const config = (connectionsMax: number) => {
    const { limits, ...rest } = sampleConfig();
    return { ...rest, limits: { ...limits, connectionsMax } };
  };
  assert.deepEqual(fewDescriptors(config(10_000), 8_192), { limit: 8_192, clients: 7_168, connections: 10_000 });
  assert.deepEqual(fewDescriptors(config(50_000), 1_024), { limit: 1_024, clients: 896, connections: 50_000 });
  for (const [connections, limit] of [
    [50_000, 8_192],
    [50_000, Number.POSITIVE_INFINITY],
    [500, 1_024],
  ] as const) {
    assert.equal(fewDescriptors(config(connections), limit), null, `${connections} of ${limit}`);
  }
});
