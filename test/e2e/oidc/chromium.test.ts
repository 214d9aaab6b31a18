// The login as a person does it: headless Chromium in front of the gateway, a real provider behind it.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { chromium, type Page } from 'playwright-core';
import { freePort } from '../../support/free-port.ts';
import { startGateway } from '../../support/gateway.ts';
import { startIdentityProvider } from '../../support/identity-provider.ts';
import { listeningPort } from '../../support/listening-port.ts';

/** Two hosts of one site: browsers resolve any name under localhost to this machine. */
const own = 'app.site.localhost';
const neighbour = 'blog.site.localhost';
/** A host whose session cookie is sent by its own pages only (`SameSite=Strict`). */
const strict = 'strict.site.localhost';

test('a browser is sent to log in, comes back to the page it wanted, and logs out; a neighbour changes nothing in its name', async () => {
  const changed: string[] = [];
  const backend = createServer((request, response) => {
    if (request.method === 'POST') changed.push(request.url!);
    response.setHeader('content-type', 'text/html');
    response.end(
      `<title>app</title><p id="who">${request.headers['x-consumer-subject']}</p><p id="sid">${request.headers['x-sid']}</p><script>fetch('/api')</script>`,
    );
  });
  const backendPort = await listeningPort(backend);
  const port = await freePort();
  const [base, strictBase] = [`http://${own}:${port}`, `http://${strict}:${port}`];
  const provider = await startIdentityProvider(() => ({
    clients: [
      {
        client_id: 'app',
        token_endpoint_auth_method: 'none',
        redirect_uris: [base, strictBase].map(each => `${each}/oidc/callback`),
        post_logout_redirect_uris: [`${base}/`],
        // Because: the provider tells session ids only to clients that it calls to end sessions.
        backchannel_logout_uri: `${base}/nobody-listens`,
        backchannel_logout_session_required: true,
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
      - oidc: { issuer: "${provider.issuer}", clientId: app, session: { keys: ["a key of at least thirty-two characters"] }, forward: { claims: { x-sid: sid } } }
    to: app
  - name: strict
    match: { host: ${strict}, path: /* }
    filters:
      - oidc: { issuer: "${provider.issuer}", clientId: app, session: { sameSite: strict, keys: ["a key of at least thirty-two characters"] } }
    to: app
`,
    { workers: 2 },
  );
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.goto(`${base}/wanted?x=1`);
    await logIn(page);
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

    // A page under the same domain, whose requests carry the cookie, because SameSite allows it.
    const sid = await page.textContent('#sid');
    const loggedOut = `${base}/oidc/frontchannel-logout?${new URLSearchParams({ iss: provider.issuer, sid: sid! })}`;
    const around = createServer((request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(
        request.url === '/logged-out'
          ? `<iframe src="${loggedOut.replace('&', '&amp;')}"></iframe>`
          : `<form method="post" action="${base}/change"><button>post</button></form><a id="in" href="${base}/page">in</a><a id="out" href="${base}/oidc/logout">out</a>`,
      );
    });
    const neighbourPort = await listeningPort(around);
    const follow = async (what: string) => {
      await page.goto(`http://${neighbour}:${neighbourPort}/`);
      const answer = page.waitForResponse(response => response.url().startsWith(base));
      await page.click(what);
      const response = await answer;
      return [response.status(), (await response.request().allHeaders())['sec-fetch-site']];
    };
    assert.deepEqual(await follow('#in'), [200, 'same-site'], 'a link is followed by whoever is logged in');
    assert.equal(await page.textContent('#who'), 'ada');
    assert.deepEqual(await follow('button'), [403, 'same-site']);
    assert.deepEqual(await follow('#out'), [403, 'same-site']);
    assert.deepEqual(changed, []);
    await page.goto(`${base}/page`);
    await page.evaluate(() => fetch('/change', { method: 'POST' }));
    assert.deepEqual(changed, ['/change'], 'its own pages may');

    // A provider announces a logout elsewhere by a frame in its page, which carries the cookie where both are of one site.
    const framed = page.waitForResponse(response => response.url() === loggedOut);
    await page.goto(`http://${neighbour}:${neighbourPort}/logged-out`);
    assert.equal((await framed).status(), 200);
    const left = await page.context().cookies(base);
    assert.ok(!left.some(({ name }) => name === 'cardea_session'), 'the session is over');
    around.closeAllConnections();
    around.close();
    await page.goto(`${base}/page`);
    assert.equal(await page.textContent('#who'), 'ada', 'logged in anew');

    await page.goto(`${base}/oidc/logout`);
    await page.click('button[type="submit"]');
    await page.waitForURL(/\/interaction\//);
    assert.ok(await page.isVisible('input[name="login"]'), 'the user has to log in again');

    await page.goto(`${strictBase}/wanted?x=1&y='`);
    await logIn(page);
    await page.waitForURL(`${strictBase}/wanted?x=1&y=%27`);
    assert.equal(await page.textContent('#who'), 'ada');
    const [kept] = (await page.context().cookies(strictBase)).filter(({ name }) => name === 'cardea_session');
    assert.equal(kept?.sameSite, 'Strict');
  } finally {
    await browser.close();
    assert.equal(await gateway.stop(), 0);
    await provider.stop();
    backend.closeAllConnections();
    backend.close();
  }
});

/** Logs in at the provider and allows the client to know it. */
async function logIn(page: Page): Promise<void> {
  await page.fill('input[name="login"]', 'ada');
  await page.fill('input[name="password"]', 'x');
  await page.click('button[type="submit"]');
  await page.click('button[type="submit"]');
}
