// Variables of other gateways: found where they are meant, and not in text that only looks a little like them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignVariable } from './foreign-variables.ts';

for (const [text, letters, meant] of [
  ['$remote_addr', '$remote_addr', 'client.ip'],
  ['for=$proxy_add_x_forwarded_for', '$proxy_add_x_forwarded_for', ''],
  ['https://$host$request_uri', '$host', 'host'],
  ['$http_x_tenant', '$http_x_tenant', 'header.x-tenant'],
  ['$cookie_group', '$cookie_group', 'cookie.group'],
  ['$server_port', '$server_port', ''],
  ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%', 'client.ip'],
  ['%REQ(:AUTHORITY)%', '%REQ(:AUTHORITY)%', 'host'],
  ['%REQ(X-TENANT?X-ORG):10%', '%REQ(X-TENANT?X-ORG):10%', 'header.x-tenant'],
  ['%UPSTREAM_HOST%', '%UPSTREAM_HOST%', ''],
  ['%[src]', '%[src]', 'client.ip'],
  ['%[req.hdr(X-Tenant)]', '%[req.hdr(X-Tenant)]', 'header.x-tenant'],
  ['%[hdr(host),lower]', '%[hdr(host),lower]', 'host'],
  ['%[path]', '%[path]', 'path'],
  ['%[ssl_c_s_dn]', '%[ssl_c_s_dn]', ''],
  ['{http.request.remote.host}', '{http.request.remote.host}', 'client.ip'],
  ['{http.request.header.X-Tenant}', '{http.request.header.X-Tenant}', 'header.x-tenant'],
  ['{uri}', '{uri}', ''],
  ['$uri', '$uri', 'path'],
  ['$request_uri', '$request_uri', ''],
  ['{upstream_hostport}', '{upstream_hostport}', ''],
] as const) {
  test(`found: ${text}`, () => assert.deepEqual(foreignVariable(text), { letters, meant }));
}

for (const text of [
  '${host}',
  '${client.ip}',
  'US$5',
  '$1',
  '{"$schema":"x","$ref":"y"}',
  '100%',
  '50% of 100%',
  'a%20b%20c',
  '%E2%82%AC',
  '{host}',
  '{id}',
  '$hosts',
]) {
  test(`not found: ${text}`, () => assert.equal(foreignVariable(text), undefined));
}
