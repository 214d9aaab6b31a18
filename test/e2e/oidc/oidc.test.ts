// Login in the browser against a real provider, through the command: sessions in cookies and in Redis, refresh, logouts, step-up.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { after, before, test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { FormBrowser } from '../../support/form-browser.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { startRedis } from '../../support/redis.ts';
import { reloadWith } from '../../support/reload-with.ts';

const secret = 'a-client-secret-of-the-test-0123456789';
const key = 'a key of at least thirty-two characters';

const seen: IncomingHttpHeaders[] = [];
const backend = createServer((request, response) => {
  seen.push(request.headers);
  response.end(`page ${request.url}`);
});
let backendPort: number;
let provider: IdentityProvider;
let redis: Awaited<ReturnType<typeof startRedis>>;
/** Chosen before the gateways run, because the provider has to know the callback addresses. */
let ports: { cookie: number; stored: number; level: number };

before(async () => {
  backendPort = await listeningPort(backend);
  ports = { cookie: await freePort(), stored: await freePort(), level: await freePort() };
  redis = await startRedis();
  provider = await startIdentityProvider(() => ({
    clients: [
      {
        client_id: 'gateway',
        client_secret: secret,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: Object.values(ports).map(port => `http://127.0.0.1:${port}/oidc/callback`),
        post_logout_redirect_uris: Object.values(ports).map(port => `http://127.0.0.1:${port}/`),
        backchannel_logout_uri: `http://127.0.0.1:${ports.stored}/oidc/backchannel-logout`,
        backchannel_logout_session_required: true,
      },
    ],
    claims: { department: 'ops' },
    settings: {
      // Because: a short life, so that the tokens are replaced while a test looks on.
      ttl: { AccessToken: 6, RefreshToken: 600, Session: 600, Grant: 600, Interaction: 600, IdToken: 600 },
      issueRefreshToken: async () => true,
      acrValues: ['high'],
    },
  }));
});

after(async () => {
  backend.closeAllConnections();
  backend.close();
  await provider.stop();
  await redis.stop();
});

async function start(port: number, oidc: string, more = ''): Promise<RunningGateway> {
  return startGateway(`
listeners: [{ address: "127.0.0.1:${port}" }]
admin: { address: "127.0.0.1:{{adminPort}}" }
upstreams: { app: { endpoints: ["http://127.0.0.1:${backendPort}"] } }
${more}
routes:
  - name: app
    match: { path: /* }
    filters:
      - oidc:
          issuer: ${provider.issuer}
          clientId: gateway
          clientSecret: ${secret}
          scopes: [openid, offline_access]
          authorize: { prompt: consent }
          upstreamToken: access
          forward: { claims: { x-department: department } }
${oidc.replace(/^/gm, '          ')}
    to: app
`);
}

/** A browser that is logged in, and the page that it got. */
async function loggedIn(port: number, path = '/start?a=b') {
  const browser = new FormBrowser();
  const first = await browser.open(`http://127.0.0.1:${port}${path}`);
  const page = await browser.logIn(first, 'user-1');
  return { browser, page };
}

test('sessions in cookies: login, what the upstream sees, refresh, logout', async () => {
  const gateway = await start(ports.cookie, `session: { keys: ["${key}"] }`);
  const base = `http://127.0.0.1:${ports.cookie}`;
  try {
    const call = await fetch(`${base}/api`, { headers: { accept: 'application/json' } });
    assert.equal(call.status, 401);
    assert.match(await call.text(), /credentials_missing/);

    const { browser, page } = await loggedIn(ports.cookie);
    assert.equal(page.status, 200, page.text);
    assert.equal(page.url, `${base}/start?a=b`);
    assert.equal(page.text, 'page /start?a=b');
    const asked = seen.at(-1)!;
    assert.equal(asked['x-consumer-subject'], 'user-1');
    assert.equal(asked['x-department'], 'ops');
    assert.match(asked['authorization'] ?? '', /^Bearer \S+$/);
    assert.doesNotMatch(asked['cookie'] ?? '', /cardea_session/);
    const cookie = browser.setCookies.find(line => line.startsWith('cardea_session=') && !line.includes('Max-Age=0'))!;
    assert.match(cookie, /; HttpOnly; SameSite=Lax$/);
    assert.ok(!browser.cookieNames.some(name => name.includes('_login_')), 'the login cookie is gone');

    // The access token is refreshed in the second half of its life, and the session continues with the new one.
    const first = asked['authorization'];
    for (let i = 0; seen.at(-1)!['authorization'] === first; i++) {
      assert.ok(i < 100, 'the token is refreshed');
      assert.equal((await browser.open(`${base}/again`)).status, 200);
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    assert.equal(seen.at(-1)!['x-consumer-subject'], 'user-1');

    const foreign = await browser.open(`${base}/transfer`, {
      form: { to: 'x' },
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    assert.equal(foreign.status, 403);
    const own = await browser.open(`${base}/transfer`, {
      form: { to: 'x' },
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    assert.equal(own.status, 200);
    assert.equal(
      (await browser.open(`${base}/oidc/logout`, { headers: { 'sec-fetch-site': 'cross-site' } })).status,
      403,
    );
    const out = await browser.open(`${base}/oidc/logout`, { stopBefore: provider.issuer });
    assert.match(out.headers.get('location') ?? '', /\/session\/end\?.*id_token_hint=/);
    assert.equal(browser.cookie('cardea_session'), undefined);
    const api = await fetch(`${base}/api`, { headers: { accept: 'application/json' } });
    assert.equal(api.status, 401);
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
});

test('a callback that this browser did not begin, or a second time, is refused; a cookie that was changed is none', async () => {
  const gateway = await start(ports.cookie, `session: { keys: ["${key}"] }`);
  const base = `http://127.0.0.1:${ports.cookie}`;
  try {
    const browser = new FormBrowser();
    const first = await browser.open(`${base}/start`);
    const back = await browser.logIn(first, 'user-1', `${base}/oidc/callback`);
    const callback = new URL(back.headers.get('location')!, back.url).href;
    const stranger = await new FormBrowser().open(callback);
    assert.equal(stranger.status, 401);
    assert.match(stranger.text, /credentials_invalid/);
    assert.equal((await browser.open(callback)).text, 'page /start');
    assert.equal((await browser.open(callback)).status, 401);
    const noState = await browser.open(`${base}/oidc/callback?code=x`);
    assert.equal(noState.status, 401);

    const value = browser.cookie('cardea_session')!;
    const last = value.at(-2) === 'A' ? 'B' : 'A';
    for (const changed of [value.slice(0, -2) + last + value.at(-1), value.slice(0, 40), 'x']) {
      browser.setCookie('cardea_session', changed);
      const page = await browser.open(`${base}/start`, { stopBefore: provider.issuer });
      assert.equal(page.status, 302, 'it is asked to log in again');
    }
    assert.doesNotMatch(gateway.stdout() + gateway.stderr(), new RegExp(`${value.slice(0, 30)}|${secret}|${key}`));
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
});

test('sessions in Redis: the provider ends them by the back channel, and nobody reads tokens in the store', async () => {
  const oidc = `session: { keys: ["${key}"], store: main, cache: 100ms }\npaths: { backchannelLogout: /oidc/backchannel-logout }`;
  const gateway = await start(ports.stored, oidc, `stores: { main: { url: "redis://127.0.0.1:${redis.port}" } }`);
  const base = `http://127.0.0.1:${ports.stored}`;
  try {
    const { browser, page } = await loggedIn(ports.stored);
    assert.equal(page.status, 200, page.text);
    assert.equal(browser.cookie('cardea_session')!.length, 54);
    const other = await fetch(`${base}/oidc/backchannel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: 'a.b.c' }),
    });
    assert.equal(other.status, 400);

    // The user logs out at the provider, which tells the gateway.
    const end = await browser.open(`${provider.issuer}/session/end`);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(end.text)![1]!;
    await browser.open(`${provider.issuer}/session/end/confirm`, { form: { xsrf, logout: 'yes' } });
    const until = performance.now() + 5_000;
    for (;;) {
      const again = await browser.open(`${base}/start`, { stopBefore: provider.issuer });
      if (again.status === 302) break;
      assert.ok(performance.now() < until, 'the session ends');
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
});

test('sessions are looked for where a reload says that they are kept', async () => {
  const oidc = `session: { keys: ["${key}"], store: main, cache: 1ms }`;
  const stores = (database: number) => `stores: { main: { url: "redis://127.0.0.1:${redis.port}/${database}" } }`;
  const gateway = await start(ports.stored, oidc, stores(0));
  const base = `http://127.0.0.1:${ports.stored}`;
  const reloaded = (database: number) => reloadWith(gateway, text => text.replace(/stores: .*/, stores(database)));
  try {
    const { browser } = await loggedIn(ports.stored);
    await reloaded(1);
    assert.equal((await browser.open(`${base}/start`, { stopBefore: provider.issuer })).status, 302);
    await reloaded(0);
    assert.equal((await browser.open(`${base}/start`)).status, 200);
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
});

for (const [where, store, stores] of [
  ['cookies', '', () => ''],
  ['Redis', ', store: main, cache: 1ms', () => `stores: { main: { url: "redis://127.0.0.1:${redis.port}" } }`],
] as const) {
  test(`keys rotate by reloads: sessions in ${where}, and a login under way, go on until the old key is gone`, async () => {
    const [old, young] = [key, 'another key of at least thirty-two characters'];
    const gateway = await start(ports.stored, `session: { keys: ["${old}"]${store} }`, stores());
    const base = `http://127.0.0.1:${ports.stored}`;
    const rotate = (...keys: string[]) =>
      reloadWith(gateway, text => text.replace(/keys: \[[^\]]*\]/, `keys: ${JSON.stringify(keys)}`));
    const statusOf = async (browser: FormBrowser) =>
      (await browser.open(`${base}/start`, { stopBefore: provider.issuer })).status;
    try {
      const { browser: before } = await loggedIn(ports.stored);
      const sealedByOld = before.cookie('cardea_session')!;
      const underWay = new FormBrowser();
      const form = await underWay.open(`${base}/wanted`);
      await rotate(young, old);
      assert.equal(await statusOf(before), 200);
      assert.equal((await underWay.logIn(form, 'user-2')).text, 'page /wanted');
      const { browser: after } = await loggedIn(ports.stored);
      await rotate(young);
      // The cookie of the old key: a session in use gets a newly sealed cookie whenever it is written.
      before.setCookie('cardea_session', sealedByOld);
      assert.equal(await statusOf(before), 302, 'what the old key sealed is no session any more');
      assert.deepEqual([await statusOf(underWay), await statusOf(after)], [200, 200]);
    } finally {
      assert.equal(await gateway.stop(), 0);
    }
  });
}

test('a level that the login has not is asked for: pages are sent to log in, programs are told', async () => {
  const gateway = await start(ports.level, `session: { keys: ["${key}"] }\nacr: [high]`);
  const base = `http://127.0.0.1:${ports.level}`;
  try {
    const browser = new FormBrowser();
    const first = await browser.open(`${base}/start`, { stopBefore: provider.issuer });
    assert.match(first.headers.get('location') ?? '', /[?&]acr_values=high(&|$)/);
    const page = await browser.logIn(await browser.open(`${base}/start`), 'user-1');
    // The provider of this test knows only its default level: the login comes back with an insufficient level.
    assert.equal(page.status, 403);
    assert.match(page.text, /level/);
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
});

test('a session of a lower level steps up: another login at the provider, and the page that was wanted', async () => {
  const gateway = await start(ports.level, `session: { keys: ["${key}"] }`);
  try {
    const { browser, page } = await loggedIn(ports.level);
    assert.equal(page.status, 200);
    const lower = browser.cookie('cardea_session')!;
    await reloadWith(gateway, text =>
      text.replace('{ prompt: consent }', '{ prompt: login consent }\n          acr: [high]'),
    );
    const base = `http://127.0.0.1:${ports.level}`;
    const call = await fetch(`${base}/api`, { headers: { cookie: `cardea_session=${lower}` } });
    assert.equal(call.status, 401);
    assert.match(call.headers.get('www-authenticate')!, /insufficient_user_authentication", acr_values="high"/);
    provider.level = 'high';
    const form = await browser.open(`${base}/vault?x=1`);
    assert.match(form.url, /\/interaction\//, 'the provider asks once more');
    assert.equal((await browser.logIn(form, 'user-1')).text, 'page /vault?x=1');
    assert.equal((await browser.open(`${base}/vault`)).status, 200);
    browser.setCookie('cardea_session', lower);
    assert.equal((await browser.open(`${base}/vault`, { stopBefore: provider.issuer })).status, 302);
  } finally {
    provider.level = undefined;
    assert.equal(await gateway.stop(), 0);
  }
});

test('a provider that is away at the start: the gateway serves, says so, and nobody logs in; then it is there', async () => {
  provider.pause();
  const gateway = await start(ports.cookie, `session: { keys: ["${key}"] }`);
  const base = `http://127.0.0.1:${ports.cookie}`;
  const adminPort = /admin: \{ address: "127\.0\.0\.1:(\d+)"/.exec(readFileSync(gateway.configPath, 'utf8'))![1];
  const ready = async () => {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/health/ready`);
    return `${answer.status} ${await answer.text()}`;
  };
  try {
    const isTold = async () => /^200 .*"provider".*nobody can log in/s.test(await ready());
    await eventually(isTold, 'ready tells of it');
    assert.match(gateway.stderr(), /feed is not up to date.*nobody can log in/);
    assert.equal((await new FormBrowser().open(`${base}/start`)).status, 503);
    provider.resume();
    await eventually(async () => !(await ready()).includes('provider'), 'ready no longer tells of it');
    assert.equal((await loggedIn(ports.cookie)).page.status, 200);
  } finally {
    provider.resume();
    assert.equal(await gateway.stop(), 0);
  }
});

test('a provider that is away: 503 for those who log in, and sessions go on', async () => {
  const gateway = await start(ports.cookie, `session: { keys: ["${key}"] }`);
  const base = `http://127.0.0.1:${ports.cookie}`;
  try {
    const { browser } = await loggedIn(ports.cookie);
    provider.pause();
    assert.equal((await browser.open(`${base}/start`)).status, 200);
    await new Promise(resolve => setTimeout(resolve, 1_200));
    assert.equal((await browser.open(`${base}/start`)).status, 200, 'the refresh fails, the session goes on');
    const stranger = await new FormBrowser().open(`${base}/oidc/callback?code=x&state=y`);
    assert.equal(stranger.status, 401);
  } finally {
    provider.resume();
    assert.equal(await gateway.stop(), 0);
  }
});
