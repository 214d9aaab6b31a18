// Digests of bodies: the examples of RFC 9530, and bodies in pieces.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyDigest, matchesNothing, parseContentDigest } from './content-digest.ts';
import { requestBody, requestDigest } from './message-vectors.fixture.ts';

const sha256 = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:';

function passes(field: string, pieces: readonly string[]): boolean {
  const expected = parseContentDigest(field);
  assert.ok(expected !== null);
  const digest = new BodyDigest(expected);
  for (const piece of pieces) digest.exchangePiece(Buffer.from(piece));
  return digest.matches();
}

test('the examples of RFC 9421 and RFC 9530', () => {
  assert.ok(passes(requestDigest, [requestBody]));
  assert.ok(passes(sha256, ['{"hello": ', '"world"}\n']));
  assert.ok(passes(`${sha256}, unixsum=:aGk=:`, ['{"hello": "world"}\n']));
  assert.ok(passes(`${sha256}, constructor=:aGk=:`, ['{"hello": "world"}\n']));
  assert.ok(!passes(sha256, ['{"hello": "world"}']));
  assert.ok(!passes(`${sha256}, ${requestDigest}`, [requestBody]), 'every digest must match');
  const empty = parseContentDigest('sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:')!;
  assert.ok(matchesNothing(empty));
  assert.ok(!matchesNothing(parseContentDigest(sha256)!));
});

test('one piece is held back until all of it is known', () => {
  const digest = new BodyDigest(parseContentDigest(sha256)!);
  assert.equal(digest.exchangePiece(Buffer.from('a')).toString(), '');
  assert.equal(digest.exchangePiece(Buffer.from('b')).toString(), 'a');
  assert.equal(digest.rest.toString(), 'b');
});

test('a field that says nothing that can be checked is refused', () => {
  for (const text of ['', 'md5=:aGk=:', 'sha-256=:aGk=:', 'sha-256="x"', 'sha-256=("x")', 'sha-256', `${sha256},`])
    assert.equal(parseContentDigest(text), null, text);
});
