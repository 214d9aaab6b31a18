// Exchanges that began before a reload of an upstream's TLS continue with the settings that they began with.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { test } from 'node:test';
import { TestAuthority } from '../../support/certificates.ts';
import { startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { reloadWith } from '../../support/reload-with.ts';

test('a request that connects after the reload does so as its own configuration says, and a later one as the new one does', async t => {
  const authorities = [new TestAuthority('Before'), new TestAuthority('After')];
  const backends = await Promise.all(
    authorities.map(async (authority, at) => {
      const { cert, key } = authority.issue('backend', { names: ['IP:127.0.0.1'] });
      const files = { cert: readFileSync(cert), key: readFileSync(key) };
      const server = createServer(files, (_request, response) => response.end(at === 0 ? 'before' : 'after'));
      const port = await listeningPort(server);
      t.after(() => {
        server.closeAllConnections();
        server.close();
        authority.remove();
      });
      return `endpoints: ["https://127.0.0.1:${port}"], tls: { ca: ${authority.ca} }`;
    }),
  );
  const desk = createPlainServer();
  const deskPort = await listeningPort(desk);
  t.after(() => {
    desk.closeAllConnections();
    desk.close();
  });
  const gateway = await startGateway(`accessLog: { path: off }
upstreams: { users: { ${backends[0]} } }
routes: [{ name: all, filters: [{ forwardAuth: { url: "http://127.0.0.1:${deskPort}/" } }], to: users }]
`);
  t.after(() => gateway.stop());
  const ask = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${gateway.port}/`)).text();
  const question = once(desk, 'request') as Promise<[unknown, ServerResponse]>; // Because: that is what the event carries.
  const answer = ask();
  const [, verdict] = await question;
  await reloadWith(gateway, text => text.replace(backends[0]!, backends[1]!));
  verdict.end();
  assert.equal(await answer, 'before');
  desk.on('request', (_request, response) => response.end());
  assert.equal(await ask(), 'after');
});
