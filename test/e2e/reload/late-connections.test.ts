// Connections that were accepted under listener settings which a reload replaces, and whose protocol shows only afterwards: they end like
// the connections that were established before.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startGateway } from '../../support/gateway.ts';
import { Flag, FrameType, frame, get, H2Client, preface, settings } from '../../support/h2-client.ts';
import { reloadWith } from '../../support/reload-with.ts';

const listener = 'address: "127.0.0.1:{{port}}", protocols: [http/1.1, h2c]';

test('HTTP/2 that begins when its listener has other settings already is told to leave, and answered until then', async t => {
  const gateway = await startGateway(
    `listeners: [{ ${listener}, trustedProxies: [127.0.0.1/32] }]
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
routes: [{ name: all, to: { reply: { status: 200, body: hello } } }]
`,
  );
  t.after(() => gateway.stop());
  const client = new H2Client(gateway.port);
  t.after(() => client.socket.destroy());
  await once(client.socket, 'connect');
  // These bytes are no request, but the connection has been accepted.
  client.send(preface.slice(0, 3));
  const idle = connect(gateway.port, '127.0.0.1').resume();
  const allToldToLeave = once(
    idle.on('connect', () => idle.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')),
    'close',
  );
  await once(idle, 'data');
  await reloadWith(gateway, text => text.replace(', trustedProxies: [127.0.0.1/32]', ''));
  await allToldToLeave;
  client.send(preface.slice(3), frame(FrameType.settings, 0, 0, settings()));
  client.headers(1, get('/'));
  assert.equal((await client.answer(1)).body, 'hello');
  await client.until(({ frames }) => frames.some(({ type }) => type === FrameType.goaway), 5_000);
  client.send(frame(FrameType.settings, Flag.ack, 0));
  assert.equal(await client.end(), 0);
});
