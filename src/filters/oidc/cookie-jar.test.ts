// Long values split over several cookies, which the upstream does not see: over real requests.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { ask, startFilterGateway } from '../../../test/support/filter-gateway.ts';
import type { Filter, FilterDefinition } from '../../exchange/filter.ts';
import { type CookieSettings, dropCookies, endCookie, piecesOf, readCookie, writeCookie } from './cookie-jar.ts';

const settings: CookieSettings = { sameSite: 'lax', secure: true, path: '/' };

/** What the jar reads from this Cookie header, and what the upstream receives of it. */
async function read(cookie: string): Promise<{ value: string | null; upstream: string | undefined }> {
  let value: string | null = null;
  const jar: Filter = {
    onRequest(exchange) {
      value = readCookie(exchange, 's');
      dropCookies(exchange, 's');
    },
  };
  let upstream: string | undefined;
  const definition: FilterDefinition<unknown> = { name: 'jar', build: () => jar };
  const gateway = await startFilterGateway([{ definition, schema: z.unknown(), config: {} }], (request, response) => {
    upstream = request.headers.cookie;
    response.end();
  });
  await ask(gateway.port, { headers: { cookie } });
  await gateway.stop();
  return { value, upstream };
}

test('a long value comes back from its pieces, in any order', async () => {
  const value = Array.from({ length: 9_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
  const lines = writeCookie('s', value, 60, settings, 0)!;
  assert.equal(lines.length, 3);
  for (const line of lines)
    assert.ok(line.length < 4_096 && line.endsWith('; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure'));
  const pairs = lines.map(line => line.slice(0, line.indexOf(';')));
  assert.deepEqual(await read(`a=1; ${pairs.reverse().join('; ')}; b=2`), { value, upstream: 'a=1; b=2' });
});

test('a shorter value ends the pieces of a longer one, and too long a value is refused', () => {
  const lines = writeCookie('s', 'short', 60, settings, 3)!;
  assert.deepEqual(
    lines.map(line => [line.slice(0, line.indexOf('=')), line.includes('Max-Age=0')]),
    [
      ['s', false],
      ['s.1', true],
      ['s.2', true],
    ],
  );
  assert.equal(writeCookie('s', 'x'.repeat(20_000), 60, settings, 0), null);
  assert.deepEqual([piecesOf(null), piecesOf(''), piecesOf('x'.repeat(3_601))], [0, 1, 2]);
  assert.equal(endCookie('s', settings, 2).length, 2);
});

test('what is left of the cookies is as it came, also where bytes in it are spaces to JavaScript', async () => {
  const city = `city=${Buffer.from('Città').toString('latin1')}`;
  assert.equal((await read(`${city}; s=a;\tb=2`)).upstream, `${city}; b=2`);
});

test('a cookie that stands twice is none, and names that only begin alike are others', async () => {
  assert.deepEqual(await read('s=1; s=2'), { value: null, upstream: undefined });
  assert.deepEqual(await read('sx=1; xs=2'), { value: null, upstream: 'sx=1; xs=2' });
  assert.deepEqual(await read('s_login_abc=1; a=1'), { value: null, upstream: 'a=1' });
});
