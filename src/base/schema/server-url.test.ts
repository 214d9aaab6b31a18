// Which texts are accepted as the URL of a server, character by character.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverUrl } from './server-url.ts';

test('URLs as they stand', () => {
  for (const url of [
    'https://idp.example.com',
    'https://idp.example.com/realms/a?b=c,d',
    'http://127.0.0.1:8080/',
    'https://[::1]:8443/x',
    'https://idp.example.com?tenant=a',
  ])
    assert.deepEqual(serverUrl.safeParse(url), { success: true, data: url });
});

test('what a URL object would put right, or take for part of a name, is refused', () => {
  for (const url of [
    ' https://idp.example.com',
    'https://idp.example.com ',
    'https:/idp.example.com',
    'https:idp.example.com',
    'https://idp.example.com,',
    'https://idp.example.com;',
    'htps://idp.example.com',
    'idp.example.com',
    'https://',
    'https://a:b@idp.example.com',
    'https://idp.example.com/#a',
  ])
    assert.equal(serverUrl.safeParse(url).success, false, url);
});
