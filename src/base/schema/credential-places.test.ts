// Which fields the `from` setting refuses, and what it says to write instead.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialPlaces } from './credential-places.ts';

const token = credentialPlaces(['bearer']);
const key = credentialPlaces(['bearer'], { wholeAuthorization: true });

function refusal(schema: typeof token, header: string): string | undefined {
  return schema.safeParse([{ header }]).error?.issues[0]?.message;
}

test('a field that frames the message is refused, however it is written', () => {
  for (const header of ['Cookie', 'host', 'Content-Length', 'TRANSFER-ENCODING']) {
    assert.match(refusal(token, header) ?? 'accepted', /^write `bearer` for Authorization and `\{ cookie: NAME \}`/);
    assert.match(refusal(key, header) ?? 'accepted', /^write `\{ cookie: NAME \}` for a cookie/);
  }
  assert.equal(refusal(token, 'X-Cookie'), undefined);
});

test('Authorization holds a scheme, except where a filter takes the whole field', () => {
  assert.match(refusal(token, 'Authorization') ?? 'accepted', /^write `bearer` for Authorization/);
  assert.deepEqual(key.parse([{ header: 'Authorization' }]), [{ kind: 'header', name: 'authorization' }]);
});
