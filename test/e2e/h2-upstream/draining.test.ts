// An HTTP/2 endpoint that ends its connections one after another is ejected before any request fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEngine } from '../../support/engine-gateway.ts';
import { ask } from '../../support/filter-gateway.ts';
import { FrameType, frame, uint32 } from '../../support/h2-client.ts';
import { startH2Server } from '../../support/h2-server.ts';
import { outlierSpec } from '../../support/resilience-settings.ts';

test('GOAWAY on every connection, the requests on it not looked at: ejected after the third, and no request fails', async t => {
  let drains = false;
  const leaving = await startH2Server({
    onRequest({ connection, stream }) {
      if (!drains) connection.answer(stream, 'leaving');
      else connection.send(frame(FrameType.goaway, 0, 0, uint32(0, 0)));
    },
  });
  const staying = await startH2Server({ onRequest: ({ connection, stream }) => connection.answer(stream, 'staying') });
  const engine = await startEngine([leaving.port, staying.port], {
    upstream: { protocol: 'h2c', balance: 'roundRobin', outlier: outlierSpec({ consecutiveResets: 3 }) },
  });
  t.after(async () => {
    await engine.stop();
    await leaving.stop();
    await staying.stop();
  });
  const requests = async (count: number) => {
    const bodies: string[] = [];
    for (let n = 0; n < count; n++) {
      const { status, body } = await ask(engine.port);
      assert.equal(status, 200, body.toString());
      bodies.push(body.toString());
    }
    return bodies;
  };
  // Enough requests that the connection counts as one that lived.
  const before = await requests(210);
  assert.equal(before.filter(body => body === 'leaving').length, 105);
  drains = true;
  await requests(20);
  const after = await requests(20);
  assert.deepEqual(new Set(after), new Set(['staying']));
  assert.equal(engine.upstreamCell('ejections'), 1);
  // The last request that the endpoint got may have been on its way on another of its connections.
  assert.ok(leaving.connections.length <= 6, `${leaving.connections.length} connections`);
});
