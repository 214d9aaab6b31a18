// Where users are divided into shares, strangers are not one user.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userName } from './user-name.ts';

const consumer = { name: 'guest', tenant: null, plan: null, groups: [], tags: {} };
const identity = { by: 'jwt', subject: 'ann', keyId: '', scopes: [], claims: null };

test('a consumer counts where a credential has said who he is', () => {
  assert.equal(userName({ consumer, identity }), 'guest');
  assert.equal(userName({ consumer, identity: null }), undefined);
  assert.equal(userName({ consumer: null, identity }), undefined);
  assert.equal(userName({ consumer: null, identity: null }), undefined);
});
