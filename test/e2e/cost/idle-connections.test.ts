// The memory that an open idle connection holds. The bench measures the whole process with 8,000 of them, a figure that moves with
// every step of the heap (`npm run bench -- --scenario idle-connections`); here the engine itself counts.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { openIdleConnections } from '../../../bench/load/idle-connections.ts';
import { startGateway } from '../../support/gateway.ts';
import { startNginx } from '../../support/nginx.ts';
import { runFixedLoad } from './fixed-load.ts';
import { heapReadings, prepareHeapMeter, total } from './heap-readings.ts';
import { gatewayConfig, getRequest } from './plain-proxy.ts';

/** 6 KiB are allowed in total. Two of them are for what the engine does not count: libuv's handle and Node's object around it. */
const bytesMax = 4 * 1024;
const count = 2000;

test(`${count} idle connections hold at most ${bytesMax} bytes each`, async t => {
  const meter = prepareHeapMeter({ collect: true });
  const backend = await startNginx();
  const gateway = await startGateway(gatewayConfig(backend.port), { environment: meter.environment });
  try {
    await runFixedLoad({ port: gateway.port, requests: 5000, connections: 64, request: getRequest });
    const before = total(await heapReadings(meter), 'heldBytes');
    const idle = await openIdleConnections(gateway.port, count);
    const bytes = (total(await heapReadings(meter), 'heldBytes') - before) / count;
    await idle.close();
    t.diagnostic(`${bytes.toFixed(0)} bytes a connection`);
    assert.ok(bytes >= 200, `${bytes} bytes a connection: less than a socket, so the count is wrong`);
    assert.ok(bytes <= bytesMax, `${bytes} bytes a connection`);
  } finally {
    await gateway.stop();
    await backend.stop();
    rmSync(meter.folder, { recursive: true, force: true });
  }
});
