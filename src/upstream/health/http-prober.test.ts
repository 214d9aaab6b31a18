// Which certificates a health check over TLS accepts (the same as proxied requests do), and which responses it calls broken.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { TestAuthority } from '../../../test/support/certificates.ts';
import { listeningPort } from '../../../test/support/listening-port.ts';
import { makeClientContext } from '../../net/tls/client-tls.ts';
import { probeHttp } from './http-prober.ts';
import { ProbeReason, type ProbeSpec } from './prober.ts';

test('the endpoint’s address or serverName must stand in the certificate, whatever Host the check sends', async t => {
  const authority = new TestAuthority();
  const { cert, key } = authority.issue('server', { names: ['IP:127.0.0.1', 'DNS:users.internal'] });
  const asked: string[] = [];
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    // Because: published types lack `servername`, the name that the client asked for.
    asked.push(`${(request.socket as TLSSocket & { servername?: string | false }).servername} ${request.headers.host}`);
    response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    authority.remove();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const target = { host: '127.0.0.1', port: address.port, tls: true };
  const spec: ProbeSpec = {
    ...{ kind: 'http', path: '/', host: 'status.internal', port: null, body: null, service: '', timeoutMs: 5_000 },
    expect: [{ from: 200, to: 299 }],
  };
  const reasonFor = async (serverName: string | null): Promise<number> => {
    const material = { ca: authority.caText, cert: null, key: null, serverName, verify: true, protocols: [] };
    return (await probeHttp(target, spec, makeClientContext(material))).reason;
  };
  assert.equal(await reasonFor(null), ProbeReason.passed);
  assert.equal(await reasonFor('users.internal'), ProbeReason.passed);
  assert.deepEqual(asked, ['false status.internal', 'users.internal status.internal']);
  for (const wrong of ['status.internal', '127.0.0.2']) {
    assert.notEqual(await reasonFor(wrong), ProbeReason.passed, wrong);
  }
  assert.equal(asked.length, 2);
});

test('a body that breaks off is no silence: the check ends at once, and says so', async t => {
  const server = createTcpServer(socket => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'));
  });
  const target = { host: '127.0.0.1', port: await listeningPort(server), tls: false };
  t.after(() => server.close());
  const spec: ProbeSpec = {
    ...{ kind: 'http', path: '/', host: null, port: null, body: 'whole', service: '', timeoutMs: 60_000 },
    expect: [{ from: 200, to: 299 }],
  };
  assert.equal((await probeHttp(target, spec, null)).reason, ProbeReason.broken);
});
