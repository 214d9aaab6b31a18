// The login as a person does it: headless Chromium in front of the gateway, a real provider behind it.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { freePort } from '../../support/free-port.ts';
import { startGateway } from '../../support/gateway.ts';
import { startIdentityProvider } from '../../support/identity-provider.ts';

test('a browser is sent to log in, comes back to the page it wanted, and logs out', async () => {
  const backend = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(
      `<title>app</title><p id="who">${request.headers['x-consumer-subject']}</p><script>fetch('/api')</script>`,
    );
  });
  await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve));
  const { port: backendPort } = backend.address() as AddressInfo; // Because: it listens on TCP
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const provider = await startIdentityProvider(() => ({
    clients: [
      {
        client_id: 'app',
        token_endpoint_auth_method: 'none',
        redirect_uris: [`${base}/oidc/callback`],
        post_logout_redirect_uris: [`${base}/`],
      },
    ],
  }));
  const gateway = await startGateway(
    `
listeners: [{ address: "127.0.0.1:${port}" }]
admin: { address: "127.0.0.1:{{adminPort}}" }
upstreams: { app: { endpoints: ["http://127.0.0.1:${backendPort}"] } }
routes:
  - name: app
    match: { path: /* }
    filters:
      - oidc: { issuer: "${provider.issuer}", clientId: app, session: { keys: ["a key of at least thirty-two characters"] } }
    to: app
`,
    { workers: 2 },
  );
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.goto(`${base}/wanted?x=1`);
    await page.fill('input[name="login"]', 'ada');
    await page.fill('input[name="password"]', 'x');
    await page.click('button[type="submit"]');
    await page.click('button[type="submit"]');
    await page.waitForURL(`${base}/wanted?x=1`);
    assert.equal(await page.textContent('#who'), 'ada');
    const call = await page.evaluate(async () => (await fetch('/api')).status);
    assert.equal(call, 200);
    const [cookie] = (await page.context().cookies(base)).filter(({ name }) => name === 'cardea_session');
    assert.ok(cookie?.httpOnly);

    await page.context().clearCookies({ name: 'cardea_session' });
    const denied = await page.evaluate(async () => (await fetch('/api')).status);
    assert.equal(denied, 401, 'a call of a script is not redirected');
    await page.goto(`${base}/again`);
    assert.equal(await page.textContent('#who'), 'ada', 'the provider still knows the user');

    await page.goto(`${base}/oidc/logout`);
    await page.click('button[type="submit"]');
    await page.waitForURL(/\/interaction\//);
    assert.ok(await page.isVisible('input[name="login"]'), 'the user has to log in again');
  } finally {
    await browser.close();
    assert.equal(await gateway.stop(), 0);
    await provider.stop();
    backend.closeAllConnections();
    backend.close();
  }
});
