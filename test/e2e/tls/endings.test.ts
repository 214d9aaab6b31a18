// Ends of TLS connections: what the closure alert of the peer means, and what a FIN without it does not. Test-owned backends and clients.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { connect, type SecureVersion, TLSSocket } from 'node:tls';
import { TestAuthority } from '../../support/certificates.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const authority = new TestAuthority();
let gateway: RunningGateway;
let securePort = 0;
let backend: Server;
let plain: Server;
/** What the TLS backend does with a request, by path. */
const answers = new Map<string, (secure: TLSSocket, raw: Socket) => void>();

before(async () => {
  const { cert, key } = authority.issue('own', { names: ['IP:127.0.0.1'] });
  const files = { cert: readFileSync(cert), key: readFileSync(key) };
  securePort = await freePort();
  backend = createServer({ allowHalfOpen: true }, raw => {
    const secure = new TLSSocket(raw, { isServer: true, ...files });
    raw.on('error', () => {});
    secure.on('error', () => {});
    let head = '';
    secure.on('data', function read(bytes: Buffer) {
      head += bytes.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      secure.off('data', read);
      answers.get(head.split(' ')[1] ?? '')!(secure, raw);
    });
  });
  plain = createServer(socket => {
    socket.on('error', () => {});
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n');
      // Because: the end has to come in a piece of its own, after the gateway has sent everything before it.
      setTimeout(() => socket.write('0\r\n\r\n'), 50);
    });
  });
  const [backendPort, plainPort] = [await listeningPort(backend), await listeningPort(plain)];
  gateway = await startGateway(`listeners:
  - address: 127.0.0.1:{{port}}
  - { address: "127.0.0.1:${securePort}", tls: { certificates: [{ cert: ${cert}, key: ${key} }] } }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: stdout }
upstreams:
  secure: { endpoints: ["https://127.0.0.1:${backendPort}"], tls: { ca: ${authority.ca} } }
  plain: { endpoints: ["http://127.0.0.1:${plainPort}"] }
routes:
  - { name: plain, match: { path: /plain }, to: plain }
  - { name: all, to: secure }
`);
});

after(async () => {
  await gateway.stop();
  backend.close();
  plain.close();
  authority.remove();
});

test('an answer that ends with a TLS connection is complete where the endpoint said that it ends, and only there', async () => {
  const opening = 'HTTP/1.1 200 OK\r\n\r\n';
  answers.set('/alert', secure => secure.end(`${opening}some`));
  answers.set('/fin', (secure, raw) => secure.write(`${opening}some`, () => raw.end()));
  const large = Buffer.alloc(16 * 1024 * 1024, 'x');
  answers.set('/large-alert', secure => secure.write(opening) && secure.end(large));
  answers.set('/large-fin', (secure, raw) => secure.write(opening) && secure.write(large, () => raw.end()));
  for (const path of ['/alert', '/fin', '/large-alert', '/large-fin']) {
    const client = await ClientConnection.open(gateway.port);
    client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    if (path.startsWith('/large')) {
      // A client that reads slowly: the gateway holds the endpoint back, and the endpoint's end comes in the middle of that.
      client.socket.on('data', () => {
        client.socket.pause();
        setImmediate(() => client.socket.resume());
      });
    }
    await client.end();
    const whole = client.received.toString('latin1').endsWith('\r\n0\r\n\r\n');
    assert.equal(whole, path.endsWith('alert'), path);
    client.destroy();
  }
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const satisfies readonly SecureVersion[]) {
  test(`an answer of HTTP/1.0 without a length ends with the alert over ${version}`, async () => {
    const client = connect({ port: securePort, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: version });
    client.on('error', () => {});
    await once(client, 'secureConnect');
    // Because: Node reports an end by FIN alone and by the alert alike. After the alert, the handle below continues to read.
    const { _handle: handle } = client as unknown as { _handle: { _parent: { readStart(): number } } };
    let body = '';
    let alert = false;
    client.on('data', (bytes: Buffer) => {
      body += bytes.toString('latin1').split('\r\n\r\n').at(-1);
    });
    client.on('end', () => {
      alert = handle._parent.readStart() !== 0;
    });
    client.write('GET /plain HTTP/1.0\r\nHost: x\r\n\r\n');
    await once(client, 'close');
    assert.equal(body, 'whole');
    assert.ok(alert);
  });
}

test('all that a client said in a tunnel comes in front of its end, over TLS on both sides', async () => {
  const sizes = [20_000, 60_000, 300_000];
  for (const size of sizes) {
    const heard = new Promise<number>(resolve => {
      answers.set('/tunnel', secure => {
        let count = 0;
        secure.on('data', (bytes: Buffer) => {
          count += bytes.length;
        });
        secure.on('end', () => {
          secure.end();
          resolve(count);
        });
        secure.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: parrot\r\n\r\n');
      });
    });
    const client = connect({ port: securePort, host: '127.0.0.1', rejectUnauthorized: false });
    client.on('error', () => {});
    client.write('GET /tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: parrot\r\n\r\n');
    await once(client, 'data');
    for (let sent = 0; sent < size; sent += 1_000) client.write(Buffer.alloc(1_000));
    client.end();
    assert.equal(await heard, size);
  }
});
