// Filters that wait while something else decides what becomes of the request: it gets one response, and goes nowhere behind it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Filter } from '../../../src/exchange/filter.ts';
import { readAnswers } from '../../support/answers.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import { eventually } from '../../support/eventually.ts';

/** A filter that waits with each response until the test lets it go on, and passes on its body a turn later. */
function holding(): { filter: Filter; waits: (() => void)[] } {
  const waits: (() => void)[] = [];
  return {
    waits,
    filter: {
      onResponse(exchange) {
        exchange.response!.filterBody(0);
        return new Promise(resolve => waits.push(resolve));
      },
      async onResponseBody(_exchange, piece) {
        await turn();
        return piece;
      },
    },
  };
}

/** The first lines of all responses in these bytes, of complete ones and others. */
function statusLines(received: Buffer): string[] {
  return received.toString('latin1').match(/HTTP\/1\.1 [0-9]{3} /g) ?? [];
}

test('a response that breaks off while a filter waits with it: the refusal is the only response', async t => {
  const { filter, waits } = holding();
  const { backend, engine } = await engineBefore(
    t,
    { onRequest: ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n') },
    { filters: [filter] },
  );
  const client = await ClientConnection.open(engine.port);
  t.after(() => client.destroy());
  client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
  await eventually(() => waits.length === 1, 'the response of the upstream');
  backend.connections[0]!.socket.resetAndDestroy();
  await once(backend.connections[0]!.socket, 'close');
  assert.equal(waits.length, 1, 'the refusal waits until the filter is done with the response');
  waits[0]!();
  await eventually(() => waits.length === 2, 'the refusal');
  waits[1]!();
  const [answer] = await client.answers(1);
  assert.equal(answer!.status, 502);
  assert.match(answer!.body, /upstream_reset/);
  await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
  assert.deepEqual(statusLines(client.received), ['HTTP/1.1 502 ']);
});

test('a request that is refused while a filter waits with it does not go upstream when the filter is done', async t => {
  const { filter, waits } = holding();
  const asked = Promise.withResolvers<void>();
  const { backend, engine } = await engineBefore(
    t,
    { onHead: ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok') },
    { filters: [{ ...filter, onRequest: () => asked.promise }], limits: { bodyTimeoutMs: 100 } },
  );
  const client = await ClientConnection.open(engine.port);
  t.after(() => client.destroy());
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n');
  await eventually(() => waits.length === 1, 'the refusal');
  asked.resolve();
  await turn();
  waits[0]!();
  await client.end();
  assert.deepEqual(
    readAnswers(client.received).map(({ status }) => status),
    [408],
  );
  assert.deepEqual(statusLines(client.received), ['HTTP/1.1 408 ']);
  assert.equal(backend.connections.length, 0);
});
