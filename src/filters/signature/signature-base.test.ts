// The values of single components of a signature base, by the examples and the rules of RFC 9421 section 2.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Headers } from '../../http/headers.ts';
import type { RequestHead } from '../../http/request-head.ts';
import { signatureBase } from './signature-base.ts';
import { isInnerList, parseDictionary } from './structured-dictionary.ts';

/** The value of a query parameter as it is signed; null when it cannot be covered. */
function signedAs(rawQuery: string, name: string): string | null {
  const covered = parseDictionary(`s=("@query-param";name="${name}")`)?.get('s');
  assert.ok(covered !== undefined && isInnerList(covered));
  // Because: nothing else of the head is read.
  const request = { rawQuery } as unknown as RequestHead;
  const base = signatureBase({ request, scheme: 'https' }, covered);
  return base === null ? null : base.slice(base.indexOf(': ') + 2, base.indexOf('\n'));
}

test('parameters of the query are read as forms are, and encoded again', () => {
  const query = 'param=value&foo=bar&baz=batman&qux=';
  assert.deepEqual(
    ['baz', 'qux', 'param'].map(name => signedAs(query, name)),
    ['batman', '', 'value'],
  );
  const example = 'var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something';
  assert.equal(signedAs(example, 'var'), 'this%20is%20a%20big%0Amultiline%20value');
  assert.equal(signedAs(example, 'bar'), 'with%20plus%20whitespace');
  assert.equal(signedAs(example, 'fa%C3%A7ade%22%3A%20'), 'something');
});

test('what is no escape, or no UTF-8, is what the URL standard makes of it', () => {
  assert.equal(signedAs('a=x%20%zz', 'a'), 'x%20%25zz');
  assert.equal(signedAs('a=%ff', 'a'), '%EF%BF%BD');
  assert.equal(signedAs("a=~!'()*-._z", 'a'), '%7E%21%27%28%29*-._z');
  assert.equal(signedAs('?a=1', '%3Fa'), '1');
});

test('one that comes twice, or not at all, cannot be covered', () => {
  assert.equal(signedAs('a=1&a=2', 'a'), null);
  assert.equal(signedAs('a=1&%61=2', 'a'), null);
  assert.equal(signedAs('a=1', 'b'), null);
  assert.equal(signedAs('', 'a'), null);
});

test('a field is signed with all of its bytes, those too that are spaces to JavaScript', () => {
  const covered = parseDictionary('s=("x-city")')?.get('s');
  assert.ok(covered !== undefined && isInnerList(covered));
  const city = Buffer.from('Città').toString('latin1');
  // Because: nothing else of the head is read.
  const request = {
    headers: Headers.from([
      ['X-City', city],
      ['X-City', ' b\t'],
    ]),
  } as unknown as RequestHead;
  assert.match(signatureBase({ request, scheme: 'https' }, covered) ?? '', new RegExp(`^"x-city": ${city}, b\\n`));
});

/** The value of a component, given as in Signature-Input; null when it cannot be covered. */
function valueFor(component: string, head: Partial<RequestHead>, scheme: 'http' | 'https' = 'https'): string | null {
  const covered = parseDictionary(`s=(${component})`)?.get('s');
  assert.ok(covered !== undefined && isInnerList(covered));
  const standard = { method: 'GET', version: '1.1', upgrade: '', targetForm: 'origin', rawPath: '/a', rawQuery: '' };
  const whole = { ...standard, hasQuery: false, authority: 'Example.com', headers: Headers.empty(), ...head };
  // Because: nothing else of the head is read.
  const base = signatureBase({ request: whole as unknown as RequestHead, scheme }, covered);
  return base === null ? null : base.slice(base.indexOf(': ') + 2, base.indexOf('\n'));
}

test('what the request was sent to, by each component that tells of it', () => {
  const query = { rawQuery: 'b=%20c', hasQuery: true };
  assert.equal(valueFor('"@target-uri"', query), 'https://example.com/a?b=%20c');
  assert.equal(valueFor('"@target-uri"', {}, 'http'), 'http://example.com/a');
  assert.equal(valueFor('"@target-uri"', { hasQuery: true }), 'https://example.com/a?');
  assert.equal(valueFor('"@target-uri"', { rawQuery: 'b', hasQuery: false }), 'https://example.com/a?b');
  assert.equal(valueFor('"@request-target"', query), '/a?b=%20c');
  assert.equal(valueFor('"@request-target"', { ...query, targetForm: 'absolute' }), 'https://Example.com/a?b=%20c');
  assert.equal(valueFor('"@path"', query), '/a');
  assert.equal(valueFor('"@query"', query), '?b=%20c');
  assert.equal(valueFor('"@query"', {}), '?');
  assert.equal(valueFor('"@scheme"', {}, 'http'), 'http');
  assert.equal(valueFor('"host"', {}), 'Example.com');
});

test('the default port of the scheme is no part of the authority, another one is (section 2.2.3)', () => {
  for (const [authority, scheme, value] of [
    ['Example.com:443', 'https', 'example.com'],
    ['Example.com:80', 'https', 'example.com:80'],
    ['Example.com:80', 'http', 'example.com'],
    ['Example.com:443', 'http', 'example.com:443'],
    ['Example.com:8443', 'https', 'example.com:8443'],
    ['[::1]:443', 'https', '[::1]'],
  ] as const)
    assert.equal(valueFor('"@authority"', { authority }, scheme), value, `${scheme} ${authority}`);
});

test('what no component is, or takes no parameter, cannot be covered', () => {
  const headers = Headers.from([['X-A', 'b']]);
  for (const component of [
    ...['"@status"', '"@unknown"', '"X-A"', '"x a"', '""', 'x-a', '1', '"x-a";sf', '"@method";req', '"@path";x=1'],
    ...['"@query-param"', '"@query-param";name=a', '"@query-param";name="a";req', '"@query-param";other="a"'],
    ...['"x-b"', '"x-a" "x-a"', '"@method" "@method"'],
  ])
    assert.equal(valueFor(component, { headers, rawQuery: 'a=1', hasQuery: true }), null, component);
  assert.equal(valueFor('"x-a"', { headers }), 'b');
  assert.equal(valueFor('"@query-param";name="a"', { rawQuery: 'a=1' }), '1');
});
