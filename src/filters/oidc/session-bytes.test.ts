// A session comes back from its bytes whatever its tokens look like, in less room than its text; bytes of an earlier version are read too.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Session } from './session.ts';
import { parseSession, sessionBytes } from './session-bytes.ts';

const of = 'https://idp.example.com app';
const plain: Session = {
  of,
  claims: { sub: 'u', name: 'Ända\nΩ', roles: ['a', 'b'] },
  scopes: ['openid'],
  accessToken: null,
  refreshToken: null,
  idToken: null,
  accessUntilS: 0,
  startedS: 1_795_000_000,
  usedS: 1_795_000_100,
};

const base64 = (part: object | Buffer) =>
  (Buffer.isBuffer(part) ? part : Buffer.from(JSON.stringify(part))).toString('base64url');

test('tokens of every form come back as they were', () => {
  const jwt = `${base64({ alg: 'RS256' })}.${base64({ sub: 'u' })}.${base64(randomBytes(256))}`;
  const odd = ['', '.', '..', 'opaque', 'a', 'a.b', 'ab+/=', 'Zg==', 'Zh', `${jwt}.`, `${jwt} `, 'tök\n\u0000'];
  for (const token of [null, jwt, ...odd]) {
    const session = { ...plain, accessToken: token, refreshToken: jwt, idToken: token };
    assert.deepEqual(parseSession(sessionBytes(session), of), session);
  }
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.base64String(), (accessToken, refreshToken) => {
      if (!accessToken.isWellFormed()) return;
      const session = { ...plain, accessToken, refreshToken };
      assert.deepEqual(parseSession(sessionBytes(session), of), session);
    }),
  );
});

test('the text that earlier versions wrote is read; what is no session, or of another client, is none', () => {
  const written = Buffer.from(JSON.stringify({ ...plain, idToken: 'a.b.c' }));
  assert.deepEqual(parseSession(written, of), { ...plain, idToken: 'a.b.c' });
  assert.equal(parseSession(written, 'https://idp.example.com other'), null);
  assert.equal(parseSession(sessionBytes(plain), 'https://idp.example.com other'), null);
  for (const bytes of ['', 'nonsense', 'null', '\u0001', '\u0001nonsense', '\u0002{}'])
    assert.equal(parseSession(Buffer.from(bytes), of), null, JSON.stringify(bytes));
  const cut = sessionBytes(plain);
  for (let length = 0; length < cut.length; length++) assert.equal(parseSession(cut.subarray(0, length), of), null);
});

test('a session that says little at great length comes back, and is too large for a cookie as it would be otherwise', () => {
  const session = { ...plain, claims: { ...plain.claims, note: 'x'.repeat(300_000) } };
  assert.ok(sessionBytes(session).length > 300_000);
  assert.deepEqual(parseSession(sessionBytes(session), of), session);
});

test('what a session of Keycloak takes: about a third of its text', () => {
  const roles = Array.from({ length: 40 }, (_, at) => `department-${at % 7}-application-role-${at}`);
  const common = {
    iss: 'https://idp.example.com/realms/company',
    sub: '7c0ae4d0-6d2f-4a39-9d7e-0f6f7b7a3f4e',
    sid: '1d1a8a5c-52a5-4f0a-9a57-9a3cbe7c7f43',
    exp: 1_795_000_300,
    iat: 1_795_000_000,
  };
  const user = { name: 'Ann Example', preferred_username: 'ann', email: 'ann@example.com', email_verified: true };
  const signed = (alg: string, claims: object, signatureBytes: number) =>
    `${base64({ alg, typ: 'JWT', kid: 'RcgkOyUeNjPGwP3l6xtKqnSRv1h4dUeM2YyqVZkPtsg' })}.${base64({ ...common, ...claims })}.${base64(randomBytes(signatureBytes))}`;
  const jti = () => ({ jti: randomBytes(16).toString('hex') });
  const session: Session = {
    ...plain,
    claims: { ...common, ...user, realm_access: { roles } },
    accessToken: signed('RS256', { ...jti(), typ: 'Bearer', azp: 'app', ...user, realm_access: { roles } }, 256),
    refreshToken: signed('HS512', { ...jti(), typ: 'Refresh', azp: 'app', scope: 'openid email profile' }, 64),
    idToken: signed('RS256', { ...jti(), typ: 'ID', aud: 'app', ...user, realm_access: { roles } }, 256),
  };
  const [before, after] = [JSON.stringify(session).length, sessionBytes(session).length];
  assert.deepEqual(parseSession(sessionBytes(session), of), session);
  assert.ok(after < before / 3, `${before} bytes became ${after}`);
});
