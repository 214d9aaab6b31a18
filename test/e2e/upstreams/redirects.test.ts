// Targets of redirects with the real command, depending on the request.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask } from '../../support/filter-gateway.ts';
import { startGateway } from '../../support/gateway.ts';

test('a redirect fills in host without port, path, query and parameters', async t => {
  const gateway = await startGateway(`accessLog: { path: "off" }
routes:
  - { name: secure, public: true, match: { path: /* }, to: { redirect: { url: "https://{host}{path}{query}", status: 308 } } }
  - { name: moved, public: true, match: { path: "/old/{name}" }, to: { redirect: { url: "/new/{name}", status: 301 } } }
`);
  t.after(() => gateway.stop());
  const led = async (path: string, host: string) => {
    const { status, headers } = await ask(gateway.port, { path, headers: { host } });
    return `${status} ${headers['location']}`;
  };
  assert.equal(await led('/a/b?c=d', 'Shop.example:8080'), '308 https://shop.example/a/b?c=d');
  assert.equal(await led('/', '[2001:db8::1]:8080'), '308 https://[2001:db8::1]/');
  assert.equal(await led('/?', 'shop.example'), '308 https://shop.example/');
  assert.equal(await led('/old/caf%C3%A9', 'shop.example'), '301 /new/caf%C3%A9');
  assert.equal(await led('/old/caf%E9', 'shop.example'), '301 /new/caf%E9');
});
