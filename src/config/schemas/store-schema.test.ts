// URLs of stores: what each determines, and that no message shows a password.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeSchema } from './store-schema.ts';
import { parseStoreUrl } from './store-url.ts';

function place(text: string) {
  const outcome = parseStoreUrl(text);
  assert.ok(typeof outcome !== 'string', String(outcome));
  return outcome;
}

test('one Redis, with defaults and without', () => {
  const { nodes, database, tls, password } = place('redis://127.0.0.1');
  assert.deepEqual(
    { nodes, database, tls, password },
    {
      nodes: [{ host: '127.0.0.1', port: 6379 }],
      database: '0',
      tls: false,
      password: '',
    },
  );
  const full = place('rediss://app:p%40ss%2Fword@[::1]:7000/3');
  assert.deepEqual(
    [full.kind, full.nodes, full.tls, full.username, full.password, full.database],
    ['redis', [{ host: '::1', port: 7000 }], true, 'app', 'p@ss/word', '3'],
  );
});

test('a cluster, a PostgreSQL, a file', () => {
  assert.deepEqual(place('redis+cluster://:pw@a:1,b:2').nodes, [
    { host: 'a', port: 1 },
    { host: 'b', port: 2 },
  ]);
  const postgres = place('postgres://u:p@db/keys?sslmode=verify-full');
  assert.deepEqual(
    [postgres.kind, postgres.database, postgres.tls, postgres.nodes[0]!.port],
    ['postgres', 'keys', true, 5432],
  );
  assert.equal(place('sqlite:state/limits.db').path, 'state/limits.db');
  assert.equal(place('sqlite:///var/lib/x.db').path, '/var/lib/x.db');
});

test('a Redis behind Sentinels', () => {
  const plain = place('redis+sentinel://a,b:1/budgets');
  assert.deepEqual(
    [plain.kind, plain.nodes, plain.master, plain.database],
    [
      'redis',
      [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 1 },
      ],
      'budgets',
      '0',
    ],
  );
  const full = place('rediss+sentinel://app:pw@a/my.budgets_2/3');
  assert.deepEqual([full.tls, full.username, full.master, full.database], [true, 'app', 'my.budgets_2', '3']);
  assert.equal(place('redis://a/3').master, '');
});

test('a login for Sentinels is for Sentinels', () => {
  const sentinel = { password: 's3cret' };
  const { data } = storeSchema.safeParse({ url: 'redis+sentinel://a/budgets', sentinel });
  assert.deepEqual(data?.sentinel, { master: 'budgets', username: '', password: 's3cret' });
  const { error } = storeSchema.safeParse({ url: 'redis://a', sentinel });
  assert.match(error!.issues[0]!.message, /the URL starts with redis\+sentinel:/);
  assert.deepEqual(error!.issues[0]!.path, ['sentinel']);
  assert.equal(storeSchema.safeParse({ url: 'redis://a' }).data?.sentinel, undefined);
});

const wrong = [
  'redis+sentinel://:s3cret@a',
  'redis+sentinel://:s3cret@a/',
  'redis+sentinel://:s3cret@a/3/budgets',
  'redis+sentinel://:s3cret@a/bud%20gets',
  'http://a',
  'redis:a',
  'redis://',
  'redis://:s3cret@a b',
  'redis://:s3cret@a:0',
  'redis://:s3cret@a:70000',
  'redis://:s3cret@a/x',
  'redis://:s3cret@a,b',
  'redis://:s3cret/more@a',
  'redis://s3cret@a',
  'redis+cluster://s3cret:@a,b',
  'redis://:s3cret@a?password=s3cret',
  'redis://:s3cret%zz@a',
  'redis+cluster://:s3cret@a,b/2',
  'redis://:s3cret@a/%zz',
  'redis+cluster://:s3cret@a,b/%zz',
  'postgres://u:s3cret@a/keys%zz',
  'postgres://u:s3cret@a',
  'postgres://u:s3cret@a,b/keys',
  'postgres://u:s3cret@a/keys?sslmode=require',
  'postgres://u:s3cret@a/keys?sslmode=toString',
  'constructor://u:s3cret@a',
  'sqlite::memory:',
  's3cret',
];

test('what is no store is refused without showing what was written', () => {
  for (const url of wrong) {
    const { success, error } = storeSchema.safeParse({ url });
    assert.ok(!success, url);
    for (const { message } of error.issues) {
      assert.match(message, /expected|written|holds|takes|several|database|percent/);
      assert.doesNotMatch(message, /s3cret/);
    }
  }
});

test('a certificate for a connection without TLS is refused', () => {
  assert.ok(!storeSchema.safeParse({ url: 'redis://a', ca: 'ca.pem' }).success);
  assert.ok(storeSchema.safeParse({ url: 'rediss://a', ca: 'ca.pem' }).success);
});
