// TLS towards upstreams: verified against real nginx, with client certificates, sessions, rotation, and refusals that tell
// the operator the reason and the client nothing about the inside.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer, type Server as PlainServer } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { TestAuthority } from '../../support/certificates.ts';
import { type Child, startChild, untilAccepting } from '../../support/child.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const authority = new TestAuthority();
const stranger = new TestAuthority('Another CA');
const ca = authority.path('trusted.pem');
const own = { cert: authority.path('own.pem'), key: authority.path('own.key') };
let gateway: RunningGateway;
let nginx: Child;
let mutual: Server;
let mutualPort = 0;
let plain: PlainServer;
let plainPort = 0;
/** What the backend with mutual TLS saw of each connection. */
const connections: { resumed: boolean; who: string; servername: string; alpn: string | false | null }[] = [];

before(async () => {
  copyFileSync(authority.ca, ca);
  authority.issue('own', { name: 'gateway-1' });
  const server = authority.issue('server', { names: ['DNS:users.internal', 'IP:127.0.0.1'] });
  const expired = authority.issue('expired', { names: ['IP:127.0.0.1'], days: -3 });
  const self = stranger.issue('self', { names: ['IP:127.0.0.1'] });
  const other = authority.issue('other', { names: ['IP:127.0.0.2'] });
  const ports = { nginx: await freePort(), other: await freePort(), expired: await freePort(), self: await freePort() };
  const conf = authority.path('nginx.conf');
  const folder = authority.folder;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder};`);
  const listen = (port: number, { cert, key }: { cert: string; key: string }) =>
    `server { listen 127.0.0.1:${port} ssl; ssl_certificate ${cert}; ssl_certificate_key ${key};
      location = /big { alias ${folder}/big; } location / { return 200 "$ssl_protocol $ssl_server_name $http_x_forwarded_proto"; } }`;
  writeFileSync(`${folder}/big`, Buffer.alloc(5 * 1024 * 1024, 'x'));
  writeFileSync(
    conf,
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events { worker_connections 256; }
http { ssl_protocols TLSv1.2 TLSv1.3; ${temporary.join(' ')} access_log off; client_max_body_size 0;
${listen(ports.nginx, server)}\n${listen(ports.other, other)}\n${listen(ports.expired, expired)}\n${listen(ports.self, self)} }`,
  );
  nginx = await startChild('/usr/sbin/nginx', ['-p', folder, '-c', conf, '-e', 'stderr']);
  await untilAccepting(nginx, ports.nginx);

  const read = (file: string) => readFileSync(file, 'utf8');
  mutual = createServer(
    {
      cert: read(server.cert),
      key: read(server.key),
      ca: authority.caText,
      requestCert: true,
      ALPNProtocols: ['http/1.1'],
    },
    answerOnce,
  );
  mutual.on('tlsClientError', () => {});
  mutualPort = await listeningPort(mutual);
  plain = createPlainServer(socket => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 200 OK\r\n\r\n');
  });
  plainPort = await listeningPort(plain);

  const upstreams = {
    byIp: { port: ports.nginx, tls: `ca: ${ca}` },
    byName: { port: ports.nginx, tls: `ca: ${ca}, serverName: users.internal` },
    wrongName: { port: ports.nginx, tls: `ca: ${ca}, serverName: other.internal` },
    wrongAddress: { port: ports.nginx, tls: `ca: ${ca}, serverName: 127.0.0.2` },
    otherAddress: { port: ports.other, tls: `ca: ${ca}, serverName: 127.0.0.2` },
    noCa: { port: ports.nginx, tls: '' },
    blind: { port: ports.self, tls: 'dangerouslySkipVerification: true' },
    expired: { port: ports.expired, tls: `ca: ${ca}` },
    self: { port: ports.self, tls: `ca: ${ca}` },
    plain: { port: plainPort, tls: `ca: ${ca}` },
    mutual: { port: mutualPort, tls: `ca: ${ca}, cert: ${own.cert}, key: ${own.key}, serverName: users.internal` },
    anonymous: { port: mutualPort, tls: `ca: ${ca}, serverName: users.internal` },
  };
  const entries = Object.entries(upstreams);
  gateway = await startGateway(`${opening}
upstreams:
${entries.map(([name, { port, tls }]) => `  ${name}: { endpoints: ["https://127.0.0.1:${port}"], ${tls === '' ? '' : `tls: { ${tls} }`} }`).join('\n')}
routes:
${entries.map(([name]) => `  - { name: ${name}, match: { path: /${name}/* }, rewrite: { stripPrefix: /${name} }, to: ${name} }`).join('\n')}
`);
});

const opening = `listeners: [{ address: "127.0.0.1:{{port}}" }]
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }`;

after(async () => {
  await gateway.stop();
  await nginx.stop();
  mutual.close();
  plain.close();
  authority.remove();
  stranger.remove();
});

function answerOnce(socket: TLSSocket): void {
  const subject = socket.getPeerCertificate().subject as { CN?: string } | undefined;
  // Because: published types lack the name that the client asked for.
  const { servername } = socket as unknown as { servername: string };
  connections.push({
    resumed: socket.isSessionReused(),
    who: subject?.CN ?? '',
    servername,
    alpn: socket.alpnProtocol,
  });
  socket.on('error', () => {});
  socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'));
}

async function ask(path: string, init?: RequestInit): Promise<{ status: number; text: string; proxyStatus: string }> {
  const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, init);
  return {
    status: response.status,
    text: await response.text(),
    proxyStatus: response.headers.get('proxy-status') ?? '',
  };
}

test('verified by address and by name; the name is asked for', async () => {
  assert.deepEqual((await ask('/byIp/')).text, 'TLSv1.3  http');
  assert.deepEqual((await ask('/byName/')).text, 'TLSv1.3 users.internal http');
  // An IP address is not sent as a server name, but is looked for in the certificate all the same.
  assert.deepEqual((await ask('/otherAddress/')).text, 'TLSv1.3  http');
});

test('large bodies come through whole', async () => {
  assert.equal((await ask('/byIp/big')).text.length, 5 * 1024 * 1024);
  const body = Buffer.alloc(2 * 1024 * 1024, 'y');
  assert.equal((await ask('/byIp/up', { method: 'POST', body })).status, 200);
});

test('what cannot be verified is refused; the log says why, the client hears nothing of the inside', async () => {
  const cases: Record<string, RegExp> = {
    wrongName: /is for another name/,
    wrongAddress: /is for another name/,
    noCa: /not signed by a trusted authority/,
    expired: /has expired/,
    self: /not signed by a trusted authority/,
    plain: /does not answer in TLS|closed the connection/,
    // With TLS 1.3 the server says this only after the handshake.
    anonymous: /wants a certificate of the gateway/,
  };
  for (const [name, reason] of Object.entries(cases)) {
    const { status, text, proxyStatus } = await ask(`/${name}/`);
    assert.equal(status, 502, name);
    const problem = JSON.parse(text) as { code: string };
    assert.equal(problem.code, 'upstream_tls_failed');
    assert.match(proxyStatus, /tls_protocol_error/);
    assert.doesNotMatch(text + proxyStatus, /127\.0\.0\.1|internal"|CERT|CA/, name);
    const said = (): boolean => {
      const line = gateway
        .stderr()
        .split('\n')
        .find(each => each.includes(`"upstream":"${name}"`));
      return reason.test(line ?? '');
    };
    await until(async () => said());
  }
  assert.equal((await ask('/blind/')).status, 200);
  assert.match(gateway.stderr(), /warning: certificates of this upstream are not verified/);
});

test('the gateway shows its certificate, speaks http/1.1, and takes up its session', async () => {
  connections.length = 0;
  for (let i = 0; i < 3; i++) assert.equal((await ask('/mutual/')).text, 'ok');
  assert.deepEqual(
    connections.map(({ who, servername, alpn }) => [who, servername, alpn]),
    Array.from({ length: 3 }, () => ['gateway-1', 'users.internal', 'http/1.1']),
  );
  assert.deepEqual(
    connections.map(({ resumed }) => resumed),
    [false, true, true],
  );
});

test('a new certificate of the gateway’s own, and new trust, count for new connections', async () => {
  authority.issue('own', { name: 'gateway-2' });
  await until(async () => {
    connections.length = 0;
    await ask('/mutual/');
    return connections[0]?.who === 'gateway-2';
  });
  copyFileSync(stranger.ca, ca);
  await until(async () => (await ask('/mutual/')).status === 502);
  copyFileSync(authority.ca, ca);
  await until(async () => (await ask('/mutual/')).status === 200);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 2_000;
  while (!(await holds())) {
    assert.ok(performance.now() < end, `not within 2 s\n${gateway.stderr()}`);
    // Because: nothing outside the gateway shows when the watcher has seen a file.
    await delay(25);
  }
}
