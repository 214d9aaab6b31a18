// A ticket is accepted while its key is in the ring, by every context that uses the ring, and never with another key.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import { TestAuthority } from '../../test/support/certificates.ts';
import { askTls } from '../../test/support/tls-client.ts';
import { TicketRing } from '../net/tls/ticket-ring.ts';
import type { TicketKeys } from '../net/tls/tls-material.ts';
import { TicketKeyMaker } from './ticket-keys.ts';

const authority = new TestAuthority();
const files = authority.issue('api', { names: ['DNS:api.test'] });
after(() => authority.remove());

/** Starts a TLS server that uses the tickets of this ring; returns its port. */
async function serverWith(ring: TicketRing): Promise<number> {
  const cert = readFileSync(files.cert, 'utf8');
  const context = createSecureContext({ cert, key: readFileSync(files.key, 'utf8'), sessionIdContext: 'test' });
  ring.attachTo(context);
  const server = createServer(raw => {
    const socket = new TLSSocket(raw, { isServer: true, secureContext: context });
    socket.on('error', () => {});
    socket.once('data', () => socket.end('answer'));
  });
  after(() => server.close());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${maxVersion}: old keys decrypt until they leave the ring`, async () => {
    const sent: TicketKeys[] = [];
    const maker = new TicketKeyMaker(keys => sent.push(keys));
    const rings = [new TicketRing(maker.keys), new TicketRing(maker.keys)];
    const [here, there] = await Promise.all(rings.map(serverWith));
    const { session, text } = await askTls(here!, { maxVersion });
    assert.equal(text, 'answer');
    const resumed = async () => (await askTls(there!, { maxVersion, session: session! })).resumed;
    assert.equal(await resumed(), true);
    for (let replaced = 1; replaced <= 3; replaced++) {
      maker.replace();
      for (const ring of rings) ring.become(sent.at(-1)!);
      assert.equal(await resumed(), replaced <= 2, `replaced ${replaced} times`);
    }
    const fresh = await askTls(here!, { maxVersion });
    assert.equal((await askTls(there!, { maxVersion, session: fresh.session! })).resumed, true);
  });
}

test('a key that is none is refused', () => {
  assert.throws(() => new TicketRing(['AAAA']), /48 bytes/);
});
