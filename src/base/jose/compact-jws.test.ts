// How a token is taken apart: three parts and no other number, a header that is understood whole, types in one form.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compactJws, jsonObject, jwsHeader, shortType } from './compact-jws.ts';

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

test('a token has three parts of base64url; only the payload may be empty', () => {
  const jws = compactJws(`${part('{}')}.${part('text')}.${part('sign')}`);
  assert.deepEqual(
    [jws?.header, jws?.payload, jws?.signature.toString(), jws?.signed],
    [part('{}'), 'text', 'sign', `${part('{}')}.${part('text')}`],
  );
  assert.equal(compactJws('aaa..AAAA')?.payload, '');
  for (const token of [
    '',
    '.',
    '..',
    'aaa',
    'aaa.AAAA',
    'aaa.AAAA.',
    '.AAAA.AAAA',
    'aaa.AAAA.AAAA.',
    'aaa.AAAA.AAAA.AAAA',
  ])
    assert.equal(compactJws(token), null, token);
  for (const token of [
    'aaa.AAA=.AAAA',
    'aaa.A.AAAA',
    'aaa.AAAA.A',
    'aaa.AAAA.AB',
    'aaa.A+AA.AAAA',
    'aaa.AAAA.AA/A',
    'aaa.A A.AAAA',
  ])
    assert.equal(compactJws(token), null, token);
});

test('a header is an object with an algorithm, and nothing in it that would have to be understood', () => {
  const header = (members: object) => jwsHeader(part({ alg: 'ES256', ...members }));
  assert.deepEqual(header({ kid: 'k', typ: 'application/AT+jwt' }), {
    algorithm: 'ES256',
    kid: 'k',
    type: 'at+jwt',
    nested: false,
  });
  assert.deepEqual(header({ kid: null, typ: null }), { algorithm: 'ES256', kid: null, type: null, nested: false });
  assert.equal(header({ kid: 'x'.repeat(1_024) })?.kid?.length, 1_024);
  assert.equal(header({ kid: 'x'.repeat(1_025) }), null);
  for (const members of [
    { kid: 7 },
    { kid: {} },
    { typ: 5 },
    { typ: ['JWT'] },
    { cty: 1 },
    { cty: null },
    { alg: 1 },
    { alg: null },
  ])
    assert.equal(header(members), null, JSON.stringify(members));
  for (const name of ['crit', 'b64', 'zip', 'enc']) assert.equal(header({ [name]: null }), null, name);
  for (const text of ['', '[]', 'null', '7', '"a"', '{', '["alg"]']) assert.equal(jwsHeader(part(text)), null, text);
  assert.equal(jwsHeader(`${part({ alg: 'ES256' })}+`), null);
  assert.equal(jwsHeader('A'), null);
});

test('a payload that is a token itself is told by its type', () => {
  const nested = (cty: string) => jwsHeader(part({ alg: 'ES256', cty }))?.nested;
  for (const cty of ['JWT', 'jwt', 'at+jwt', 'application/jwt', 'application/at+JWT'])
    assert.equal(nested(cty), true, cty);
  for (const cty of ['', 'json', 'xjwt', 'jwtx', 'jwt+json', 'text/jwt']) assert.equal(nested(cty), false, cty);
});

test('types are compared in lower case, without application/ in front', () => {
  assert.deepEqual(['JWT', 'application/AT+JWT', 'x/application/jwt', 'text/jwt'].map(shortType), [
    'jwt',
    'at+jwt',
    'x/application/jwt',
    'text/jwt',
  ]);
});

test('claims are an object, and nothing else that JSON has', () => {
  assert.deepEqual(jsonObject('{"a":1}'), { a: 1 });
  for (const text of ['', '[]', '[1]', 'null', 'true', '7', '"a"', '{"a":1', '{"a":1}x'])
    assert.equal(jsonObject(text), null, text);
});
