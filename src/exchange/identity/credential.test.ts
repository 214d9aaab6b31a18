// A credential is taken when it is one, in one place; whatever a backend could read otherwise is none. What is dropped is gone in every form.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CredentialPlace } from '../../base/schema/credential-places.ts';
import { parseRequestHead, takeRequestHead } from '../../http/h1/request-head.ts';
import type { Exchange } from '../exchange.ts';
import { CredentialReader, isToken68, MALFORMED, takeScheme } from './credential.ts';

type Fields = readonly (readonly [string, string])[];

const limits = { requestLineBytesMax: 8_192, headerBytesMax: 65_536, headerCountMax: 100 };

function exchange(fields: Fields, query = ''): Exchange {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const bytes = Buffer.from(`GET /${query === '' ? '' : `?${query}`} HTTP/1.0\r\n${lines}\r\n`, 'latin1');
  assert.equal(parseRequestHead(bytes, 0, bytes.length, limits), bytes.length);
  // Because: nothing else of the exchange is read.
  return { request: takeRequestHead() } as unknown as Exchange;
}

const bearer: CredentialPlace = { kind: 'bearer', name: '' };
const header: CredentialPlace = { kind: 'header', name: 'x-key' };
const cookie: CredentialPlace = { kind: 'cookie', name: 'key' };
const query: CredentialPlace = { kind: 'query', name: 'key' };

const take = (place: CredentialPlace, fields: Fields, text = '') =>
  new CredentialReader([place], 20).take(exchange(fields, text));

describe('a credential', () => {
  test('of a scheme is what follows it, in any case, after one space or several', () => {
    const of = (...values: readonly string[]) =>
      take(
        bearer,
        values.map(value => ['Authorization', value] as const),
      );
    assert.equal(of('Bearer abc'), 'abc');
    assert.equal(of('bEARER   abc'), 'abc');
    assert.equal(of('Bearer a b'), 'a b');
    for (const value of ['Basic abc', 'Bearerabc', 'Beare', 'xBearer abc', '']) assert.equal(of(value), null, value);
    assert.equal(of(), null);
    for (const value of ['Bearer', 'Bearer ', 'Bearer   ', 'Bearer\tabc']) assert.equal(of(value), MALFORMED, value);
    assert.equal(of('Bearer abc', 'Bearer abc'), MALFORMED);
    assert.equal(of('Basic abc', 'Bearer abc'), MALFORMED, 'nobody says which of them counts');
  });

  test('of one scheme is not that of another that begins alike', () => {
    const signed = exchange([['Authorization', 'AWS4-HMAC-SHA256 x']]);
    assert.equal(takeScheme(signed, 'aws4-hmac-sha256'), 'x');
    assert.equal(takeScheme(exchange([['Authorization', 'Basic']]), 'basic'), MALFORMED);
    assert.equal(takeScheme(signed, 'aws4-hmac-sha'), null);
    assert.equal(takeScheme(signed, 'aws4-hmac-sha2560'), null);
  });

  test('of a field is its value, when it is there once', () => {
    assert.equal(take(header, [['X-Key', 'abc']]), 'abc');
    assert.equal(take(header, [['X-Keys', 'abc']]), null);
    assert.equal(take(header, [['X-Key', '']]), MALFORMED);
    assert.equal(
      take(header, [
        ['X-Key', 'abc'],
        ['x-key', 'abc'],
      ]),
      MALFORMED,
    );
  });

  test('of a cookie is its value, when no reader could take another cookie for it', () => {
    const of = (...lines: readonly string[]) =>
      take(
        cookie,
        lines.map(line => ['Cookie', line] as const),
      );
    assert.equal(of('key=abc'), 'abc');
    assert.equal(of('a=1; key="abc"; b=2'), 'abc');
    assert.equal(of('a=1', 'key=abc'), 'abc');
    assert.equal(of('xkey=abc; key2=x; a=key'), null);
    assert.equal(of(), null);
    for (const lines of [['key=a; key=a'], ['key=a', 'key=a'], ['key=a; key =b'], ['key=a; key'], ['key=a;\tkey=b']])
      assert.equal(of(...lines), MALFORMED, lines.join(' | '));
    for (const line of ['key =abc', 'key', 'key=', 'key=a b', 'key=a,b', 'key="a'])
      assert.equal(of(line), MALFORMED, line);
  });

  test('of the query is its value, decoded, when its name is there once', () => {
    assert.equal(take(query, [], 'a=1&key=a%2Bb&b'), 'a+b');
    assert.equal(take(query, [], '%6Bey=abc'), 'abc');
    for (const text of ['', 'keys=abc', 'a=key', 'KEY=abc']) assert.equal(take(query, [], text), null, text);
    for (const text of ['key=a&key=a', 'key=a&%6bey=b', 'key=', 'key'])
      assert.equal(take(query, [], text), MALFORMED, text);
  });

  test('has at most so many bytes', () => {
    assert.equal(take(header, [['X-Key', 'a'.repeat(20)]]), 'a'.repeat(20));
    assert.equal(take(header, [['X-Key', 'a'.repeat(21)]]), MALFORMED);
  });

  test('is the one in the first place that has something, be it malformed', () => {
    const reader = new CredentialReader([header, bearer], 20);
    assert.equal(reader.take(exchange([['Authorization', 'Bearer b']])), 'b');
    assert.equal(
      reader.take(
        exchange([
          ['Authorization', 'Bearer b'],
          ['X-Key', 'a'],
        ]),
      ),
      'a',
    );
    assert.equal(
      reader.take(
        exchange([
          ['Authorization', 'Bearer b'],
          ['X-Key', ''],
        ]),
      ),
      MALFORMED,
    );
    assert.equal(reader.take(exchange([])), null);
  });
});

describe('what is dropped', () => {
  const dropped = (place: CredentialPlace, fields: Fields, text = '') => {
    const of = exchange(fields, text);
    new CredentialReader([place], 20).drop(of);
    const { headers, query: rest, hasQuery } = of.request;
    return { fields: [...headers].map(([name, value]) => `${name}: ${value}`), query: rest, hasQuery };
  };

  test('is gone, and the rest stays as it was written', () => {
    const fields = [
      ['X-A', '1'],
      ['Authorization', 'Bearer a'],
      ['X-Key', 'a'],
      ['x-key', 'b'],
    ] as const;
    assert.deepEqual(dropped(bearer, fields).fields, ['X-A: 1', 'X-Key: a', 'x-key: b']);
    assert.deepEqual(dropped(header, fields).fields, ['X-A: 1', 'Authorization: Bearer a']);
    assert.deepEqual(dropped(header, [], 'a=1&b').query, 'a=1&b');
  });

  test('of Authorization is only what is under the scheme, and all of it where there are several', () => {
    assert.deepEqual(dropped(bearer, [['Authorization', 'Basic a']]).fields, ['Authorization: Basic a']);
    assert.deepEqual(
      dropped(bearer, [
        ['Authorization', 'Basic a'],
        ['Authorization', 'Bearer b'],
      ]).fields,
      [],
    );
  });

  test('of the query goes under every spelling of its name, and its question mark with the last', () => {
    assert.deepEqual(dropped(query, [], 'a=%31&key=x&%6bey=y&b'), { fields: [], query: 'a=%31&b', hasQuery: true });
    assert.deepEqual(dropped(query, [], 'key=x'), { fields: [], query: '', hasQuery: false });
    assert.deepEqual(dropped(query, [], ''), { fields: [], query: '', hasQuery: false });
  });

  test('of a query that is empty is nothing: its question mark stays', () => {
    const of = exchange([]);
    of.request.hasQuery = true;
    new CredentialReader([query], 20).drop(of);
    assert.deepEqual([of.request.query, of.request.hasQuery], ['', true]);
  });

  test('of the cookies goes in every form that some reader takes for it', () => {
    const fields = [
      ['Cookie', 'a=1; key=x;key =y'],
      ['X-A', '1'],
      ['Cookie', 'key; keys=2'],
    ] as const;
    assert.deepEqual(dropped(cookie, fields).fields, ['X-A: 1', 'Cookie: a=1; keys=2']);
    assert.deepEqual(dropped(cookie, [['Cookie', 'a=1;;b=2; key=x;']]).fields, ['Cookie: a=1; b=2']);
    assert.deepEqual(dropped(cookie, [['Cookie', 'key=x']]).fields, []);
    assert.deepEqual(dropped(cookie, [['Cookie', 'a=1;b=2']]).fields, ['Cookie: a=1;b=2']);
    assert.deepEqual(dropped(cookie, []).fields, []);
  });

  test('is not what another filter is responsible for', () => {
    const of = exchange(
      [
        ['X-Key', 'a'],
        ['Cookie', 'key=b'],
      ],
      'key=c',
    );
    const others: CredentialPlace[] = [
      { kind: 'header', name: 'x-key' },
      { kind: 'header', name: 'key' },
      { kind: 'query', name: 'other' },
    ];
    new CredentialReader([header, cookie, query], 20).dropBeside(of, others);
    assert.deepEqual([[...of.request.headers], of.request.query], [[['X-Key', 'a']], '']);
  });
});

test('a bearer token is of letters that a token68 has', () => {
  for (const text of ['a', 'aZ09-._~+/', 'ab==']) assert.equal(isToken68(text), true, text);
  for (const text of ['', '=', 'a=b', 'a b', 'a"', 'a,b', '\u00e9']) assert.equal(isToken68(text), false, text);
});
