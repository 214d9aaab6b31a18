// Limits the bytes that a proxied request allocates on the heap, over all threads of the gateway.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Backend } from '../../support/backend.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNginx } from '../../support/nginx.ts';
import { runFixedLoad } from './fixed-load.ts';
import { heapReadings, prepareHeapMeter, total } from './heap-readings.ts';
import { gatewayConfig, getRequest, postRequest } from './plain-proxy.ts';

const bytesMax = 4096;
/** Enough requests that allocations without requests (timers, metrics, the meter itself) do not matter. */
const requests = 20_000;
const connections = 32;

const meter = prepareHeapMeter();
let backend: Backend;
let gateway: RunningGateway;

before(async () => {
  backend = await startNginx();
  gateway = await startGateway(gatewayConfig(backend.port), { environment: meter.environment });
  // Until the engine has compiled the hot code, it allocates more.
  await load(getRequest);
  await load(postRequest);
});

after(async () => {
  await gateway?.stop();
  await backend?.stop();
  rmSync(meter.folder, { recursive: true, force: true });
});

for (const [name, request] of [
  ['GET', getRequest],
  ['POST with a small body', postRequest],
] as const) {
  test(`${name}: at most ${bytesMax} bytes allocated a request`, async t => {
    const begin = await heapReadings(meter);
    await load(request);
    const bytes = (total(await heapReadings(meter), 'givenOutBytes') - total(begin, 'givenOutBytes')) / requests;
    t.diagnostic(`${bytes.toFixed(0)} bytes a request`);
    assert.ok(bytes > 50, `${bytes} bytes a request: the meter did not see the worker`);
    assert.ok(bytes <= bytesMax, `${bytes} bytes a request`);
  });
}

function load(request: string): Promise<void> {
  return runFixedLoad({ port: gateway.port, requests, connections, request });
}
