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
