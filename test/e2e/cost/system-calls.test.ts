// Limits the system calls per proxied request, whatever else the machine does.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Backend } from '../../support/backend.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNginx } from '../../support/nginx.ts';
import { runFixedLoad } from './fixed-load.ts';
import { gatewayConfig, getRequest, postRequest } from './plain-proxy.ts';
import { countSystemCalls, readSummary, type SystemCallCount } from './system-call-count.ts';

/** Two reads, two writes, and the calls that wait for them. nginx needs 5.2 and HAProxy 4.4 in the same place. */
const callsMax = 4.6;
/** The request and the response, each in one piece; the rest is for the access log, which is written in blocks. */
const writesMax = 2.05;

const requests = 5000;
const connections = 32;

let backend: Backend;
let gateway: RunningGateway;

before(async () => {
  backend = await startNginx();
  // On a machine where Node has never run, it writes its compile cache at some point after the start: hundreds of files
  // that belong to no request.
  gateway = await startGateway(gatewayConfig(backend.port), { environment: { NODE_DISABLE_COMPILE_CACHE: '1' } });
  // Connecting to the backend, compiling code and growing buffers belong to the start, not to a request.
  await runFixedLoad({ port: gateway.port, requests, connections, request: getRequest });
});

after(async () => {
  await gateway?.stop();
  await backend?.stop();
});

for (const [name, request] of [
  ['GET', getRequest],
  ['POST with a small body', postRequest],
] as const) {
  test(`${name}: at most ${callsMax} system calls a request, and one write a message`, async t => {
    const counts = await countSystemCalls(gateway.pid, () =>
      runFixedLoad({ port: gateway.port, requests, connections, request }),
    );
    const calls = each(counts, () => true);
    const writes = each(counts, call => writeCalls.includes(call));
    t.diagnostic(`${calls.toFixed(3)} system calls, ${writes.toFixed(3)} writes a request: ${list(counts)}`);
    assert.ok(
      writes >= 1.99,
      `only ${writes} writes a request were seen, so strace did not see the worker: ${list(counts)}`,
    );
    assert.ok(writes <= writesMax, `${writes} writes a request: ${list(counts)}`);
    assert.ok(calls <= callsMax, `${calls} system calls a request: ${list(counts)}`);
  });
}

test('self-check: the summary of strace is read, with and without errors, and without its total', () => {
  const text = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 56.10    0.061000           6     10000           read
 43.90    0.047000           9      5120        12 epoll_pwait
------ ----------- ----------- --------- --------- ----------------
100.00    0.108000           7     15120        12 total
`;
  assert.deepEqual(
    [...readSummary(text)],
    [
      ['read', 10000],
      ['epoll_pwait', 5120],
    ],
  );
});

const writeCalls = ['write', 'writev', 'send', 'sendto', 'sendmsg', 'sendmmsg', 'pwrite64', 'pwritev', 'pwritev2'];

/** Calls per request. */
function each(counts: SystemCallCount, counted: (call: string) => boolean): number {
  let sum = 0;
  for (const [call, count] of counts) if (counted(call)) sum += count;
  return sum / requests;
}

function list(counts: SystemCallCount): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([call, count]) => `${call} ${count}`)
    .join(', ');
}
