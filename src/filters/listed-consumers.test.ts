// A filter's list that names a consumer which does not exist is reported: a caller with that credential would have no plan and no limit of
// its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallerPart } from '../base/schema/caller-part.ts';
import * as acl from './acl/config.ts';
import * as basic from './basic/config.ts';
import * as mtls from './mtls/config.ts';
import * as signature from './signature/config.ts';

const around = {
  knowsCaller: false,
  knownOfCaller: new Set<CallerPart>(),
  pathParameters: null,
  routes: new Set<string>(),
  consumers: new Set(['acme']),
  plans: [],
  tagValues: () => new Map<string, string>(),
};
const password = '$scrypt$ln=15,r=8,p=1$YWJjZGVmZ2hpamtsbW5vcA$YWJjZGVmZ2hpamtsbW5vcGFiY2RlZmdoaWprbG1ub3A';
const secret = 'correct-horse-battery';

for (const [name, problems] of [
  [
    'basic',
    (consumer?: string) =>
      basic.placeProblems(basic.schema.parse({ users: [{ name: 'a', password, consumer }] }), around),
  ],
  ['mtls', (consumer?: string) => mtls.placeProblems(mtls.schema.parse({ clients: [{ dns: 'a', consumer }] }), around)],
  [
    'signature',
    (consumer?: string) =>
      signature.placeProblems(
        signature.schema.parse({ scheme: 'aws4', region: 'r', service: 's', keys: [{ id: 'k', secret, consumer }] }),
        around,
      ),
  ],
] as const) {
  test(`${name}: a consumer that is not there`, () => {
    assert.deepEqual(problems(), []);
    assert.deepEqual(problems('acme'), []);
    const [problem, ...more] = problems('acmee');
    assert.equal(problem?.message, 'there is no consumer "acmee"');
    assert.deepEqual([problem.path.slice(1), more], [[0, 'consumer'], []]);
  });
}

test('acl: a consumer that is not listed is a warning, since keys of a store may belong to it', () => {
  const config = acl.schema.parse({
    deny: [{ consumers: ['acme', 'acmee'] }, { ips: ['10.0.0.0/8'] }],
    allow: [{ scopes: ['read'] }, { consumers: ['beta'] }],
  });
  const found = acl.placeProblems(config, around).map(({ path, severity }) => [path.join('.'), severity]);
  const expected = [
    ['deny.0.consumers.1', 'warning'],
    ['allow.1.consumers.0', 'warning'],
  ];
  assert.deepEqual(found, expected);
  assert.deepEqual(acl.placeProblems(acl.schema.parse({ deny: [{ consumers: ['acme'] }] }), around), []);
});
