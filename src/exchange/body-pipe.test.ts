// Body hooks after an early reply: a filter that replies to one piece of a body gets no further piece, whether it waited or not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientConnection } from '../../test/support/client-connection.ts';
import { engineBefore } from '../../test/support/engine-before.ts';
import type { Filter } from './filter.ts';

const twoPieces =
  'POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n';
const turn = () => new Promise<void>(resolve => setImmediate(resolve));

const cases: Record<string, Filter> = {
  'the hook waits, and pieces queue meanwhile': {
    onRequestBody: async exchange => {
      await turn();
      exchange.reply({ status: 299 });
    },
  },
  'the pieces were held while `onRequest` waited': {
    onRequest: turn,
    onRequestBody: exchange => exchange.reply({ status: 299 }),
  },
  'a filter waits with the reply, so that the exchange goes on': {
    onRequest: turn,
    onRequestBody: exchange => exchange.reply({ status: 299 }),
    onResponse: turn,
  },
};

for (const [name, filter] of Object.entries(cases)) {
  test(`a reply to a piece of the body is the last that the body hook is asked for: ${name}`, async t => {
    const steps: string[] = [];
    const recorded: Filter = {
      ...filter,
      onRequestBody(exchange, piece, last) {
        steps.push(last ? 'last' : piece.toString());
        return filter.onRequestBody!(exchange, piece, last);
      },
      onEnd: () => void steps.push('end'),
    };
    const { engine } = await engineBefore(t, {}, { filters: [recorded] });
    const client = await ClientConnection.open(engine.port);
    client.send(twoPieces);
    const [answer] = await client.answers(1);
    assert.equal(answer!.status, 299);
    // The connection is still read, although the pipe had paused it.
    client.send('GET /fixed HTTP/1.1\r\nHost: test\r\n\r\n');
    await client.answers(2);
    client.destroy();
    assert.deepEqual(steps, ['one', 'end']);
  });
}
