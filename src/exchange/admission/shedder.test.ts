// What the shedder tells the operator when its settings change. How much it refuses is tested in shed-level.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shedder } from './shedder.ts';

test('a reload that turns shedding off under load ends it: the metric and the log say so, and turning it on begins anew', async () => {
  const shares: number[] = [];
  const said: string[] = [];
  const sheds = Promise.withResolvers<void>();
  const shedder = new Shedder({
    ownInFlight: () => 1,
    block: null,
    log: (_, message) => said.push(message),
    onShare(share) {
      shares.push(share);
      if (share > 0) sheds.resolve();
    },
  });
  // Any process uses more memory than this, so that all requests of the next periods count as too many.
  const spec = { enabled: true, eventLoopDelayMs: 0, memory: 1e-9, inFlightMax: 0 };
  const running = setInterval(() => shedder.admits(0), 5);
  shedder.become(spec);
  await sheds.promise;
  clearInterval(running);
  shedder.become(null);
  assert.equal(shares.at(-1), 0);
  assert.equal(said.at(-1), 'the gateway sheds no load any more');
  shedder.become({ ...spec, memory: 0 });
  for (let request = 0; request < 100; request++) assert.ok(shedder.admits(0));
  shedder.become(null);
});
