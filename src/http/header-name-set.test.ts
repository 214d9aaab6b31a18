// The set matches its names in every spelling, and matches no other name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRequestHead, takeRequestHead } from './h1/request-head.ts';
import { HeaderNameSet } from './header-name-set.ts';
import { Headers } from './headers.ts';

const set = new HeaderNameSet(['X-User-Email', 'tenant'], ['x-consumer-']);

test('whole names in any case, with any sign for a hyphen', () => {
  for (const name of ['x-user-email', 'X_USER_EMAIL', 'X-User.Email', "x'user`email", 'TENANT'])
    assert.ok(set.has(name), name);
  for (const name of ['x-user', 'x-user-email2', 'xuser-email', 'x-user--email', 'tenants', 'tenan', 'a', 'x'])
    assert.ok(!set.has(name), name);
});

test('beginnings of names', () => {
  for (const name of ['x-consumer-name', 'X_Consumer_anything', 'x.consumer-', 'x-consumer_'])
    assert.ok(set.has(name), name);
  for (const name of ['x-consumer', 'x-consume-r', 'y-consumer-name']) assert.ok(!set.has(name), name);
});

test('a received head loses the fields of the set and keeps every other', () => {
  const received = Buffer.from(
    'GET / HTTP/1.1\r\nHost: a\r\nX-Consumer-Name: mallory\r\nAccept: */*\r\nx_user_email: m@x\r\nX-Consumer-Name: eve\r\n' +
      'X-Consumers: 3\r\nUser-Agent: t\r\ntenant:x\r\n\r\n',
  );
  parseRequestHead(received, 0, received.length, { requestLineBytesMax: 999, headerBytesMax: 999, headerCountMax: 99 });
  const { headers } = takeRequestHead();
  headers.removeNamed(set);
  assert.deepEqual(
    [...headers].map(([name]) => name),
    ['Host', 'Accept', 'X-Consumers', 'User-Agent'],
  );
  assert.ok(!headers.lines().includes('mallory'));
});

test('an empty head, and fields that were added, are left alone', () => {
  const headers = Headers.from([['X-Consumer-Name', 'acme']]);
  headers.removeNamed(set);
  assert.equal(headers.get('x-consumer-name'), 'acme');
});

test('whatever a backend folds together is found', () => {
  const sign = fc.constantFrom('-', '_', '.', '~', '!', '|');
  const letters = fc.string({ unit: fc.constantFrom('x', 'U', 's', 'e', '1'), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(letters, { minLength: 1, maxLength: 3 }), sign, sign, (words, one, other) => {
      const written = words.join(one);
      assert.ok(new HeaderNameSet([written], []).has(words.join(other).toUpperCase()));
      assert.ok(new HeaderNameSet([], [written]).has(`${words.join(other)}tail`));
      assert.ok(!new HeaderNameSet([written], []).has(`${words.join(other)}tail`));
    }),
  );
});
