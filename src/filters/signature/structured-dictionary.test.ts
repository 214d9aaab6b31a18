// The parser of structured fields: the RFC's examples, and that it never guesses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DateItem, Decimal, innerListText, isInnerList, parseDictionary, Token } from './structured-dictionary.ts';

test('members of every kind that signatures use', () => {
  const members = parseDictionary('a=("x" "y";k=1;b);created=5;keyid="q\\"\\\\", b=:aGk=:, c, d=?0, e=tok/en:x, f=-12');
  assert.ok(members !== null);
  const a = members.get('a')!;
  assert.ok(isInnerList(a));
  assert.equal(innerListText(a), '("x" "y";k=1;b);created=5;keyid="q\\"\\\\"');
  const value = (key: string) => {
    const member = members.get(key)!;
    return isInnerList(member) ? undefined : member.value;
  };
  assert.deepEqual(value('b'), Buffer.from('hi'));
  assert.equal(value('c'), true);
  assert.equal(value('d'), false);
  assert.deepEqual(value('e'), new Token('tok/en:x'));
  assert.equal(value('f'), -12);
});

test('decimals and dates are written as RFC 9651 says, whichever way they came, and are no integers', () => {
  const members = parseDictionary(
    'a=("x";weight=01.50 "y";of=@1659578233);v=2.0;w=-0.0;until=@-5;low=0.001, b=1.5, c=@7',
  );
  const a = members?.get('a');
  assert.ok(a !== undefined && isInnerList(a));
  assert.equal(innerListText(a), '("x";weight=1.5 "y";of=@1659578233);v=2.0;w=0.0;until=@-5;low=0.001');
  assert.deepEqual(members?.get('b'), { value: new Decimal(1.5), parameters: new Map() });
  assert.deepEqual(members?.get('c'), { value: new DateItem(7), parameters: new Map() });
});

test('values of every kind are written as they came', () => {
  for (const text of [
    '("x";a=?0;b;c=tok/en:x;d=:aGk=:;e=-7;f="\\"\\\\" ?1 ?0 tok :aGk=: 12 1.5 @3)',
    '();b=?0',
    '("x");t=*a',
  ]) {
    const member = parseDictionary(`a=${text}`)?.get('a');
    assert.ok(member !== undefined && isInnerList(member), text);
    assert.equal(innerListText(member), text);
  }
});

test('what is outside the grammar is nothing', () => {
  for (const text of [
    'A=1',
    'a=1,',
    'a=1 b=2',
    'a=1, a=2',
    'a=("x"',
    'a=("x""y")',
    'a="x',
    'a="\x7f"',
    'a="\\x"',
    'a=:aGk:',
    'a=:aGl=:',
    'a=:a-k=:',
    'a=?2',
    'a=1.',
    'a=.5',
    'a=1.2345',
    'a=1234567890123.5',
    'a=1.5.5',
    'a=@1.5',
    'a=@',
    'a=@@1',
    'a=1234567890123456',
    'a=1;b=1;b=2',
    'a=',
    '=1',
    'a=é',
    `a="${'x'.repeat(20_000)}"`,
  ])
    assert.equal(parseDictionary(text), null, text.slice(0, 40));
});

test('as much as the limits allow, and no more', () => {
  const members = (count: number) => parseDictionary(Array.from({ length: count }, (_, n) => `k${n}`).join(','))?.size;
  assert.deepEqual([members(32), members(33)], [32, undefined]);
  const parameters = (count: number) => {
    const member = parseDictionary(`a${Array.from({ length: count }, (_, n) => `;k${n}`).join('')}`)?.get('a');
    return member?.parameters.size;
  };
  assert.deepEqual([parameters(32), parameters(33)], [32, undefined]);
  const long = (length: number) => parseDictionary(`a="${'x'.repeat(length - 4)}"`)?.size;
  assert.deepEqual([long(16_384), long(16_385)], [1, undefined]);
});

test('white space where RFC 9651 section 4.2 has it, and nowhere else', () => {
  for (const text of ['  a=1', 'a=1  ', 'a=1 \t,\t b=2', 'a=1;  b=2', 'a=( "x"   "y" )'])
    assert.notEqual(parseDictionary(text), null, text);
  for (const text of ['\ta=1', 'a =1', 'a= 1', 'a=1 ;b', 'a=1;\tb', 'a=1;b =2', 'a=("x"\t"y")', 'a=1\n', 'a=1,\n b'])
    assert.equal(parseDictionary(text), null, JSON.stringify(text));
});

test('no text makes it throw, and what it read it writes so that it reads the same', () => {
  const sign = fc.constantFrom(...'ab=("):;, \\?1-*/.@0\t\x00é'.split(''));
  fc.assert(
    fc.property(fc.string({ unit: sign, maxLength: 40, size: 'max' }), text => {
      const members = parseDictionary(text);
      for (const [key, member] of members ?? []) {
        if (!isInnerList(member)) continue;
        const again = parseDictionary(`${key}=${innerListText(member)}`);
        assert.deepEqual(again?.get(key), member);
      }
    }),
    { numRuns: 2_000 },
  );
});
