// Password hashes: the published vectors of both algorithms, and texts that are no valid hash.

import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { test } from 'node:test';
import { hashPassword, parsePasswordHash, passwordHashProblem, verifyPassword } from './password-hash.ts';

const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

test('argon2id: the reference implementation’s vectors', async () => {
  // From the tests of phc-winner-argon2: "password", salt "somesalt", version 1.3.
  for (const [text, password] of [
    ['$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4', 'password'],
    ['$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc', 'password'],
  ] as const) {
    const known = parsePasswordHash(text);
    assert.ok(known !== null);
    assert.equal(await verifyPassword(known, password), true);
    assert.equal(await verifyPassword(known, `${password}x`), false);
  }
});

test('scrypt: RFC 7914 section 12, third vector', async () => {
  const hash =
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887';
  const text = `$scrypt$ln=14,r=8,p=1$${unpadded(Buffer.from('SodiumChloride'))}$${unpadded(Buffer.from(hash, 'hex'))}`;
  const known = parsePasswordHash(text);
  assert.ok(known !== null);
  assert.equal(known.memoryKib, 16_384);
  assert.equal(await verifyPassword(known, 'pleaseletmein'), true);
  assert.equal(await verifyPassword(known, 'pleaseletmeout'), false);
});

test('scrypt with several lanes', async () => {
  const salt = Buffer.from('sixteen letters!');
  const hash = scryptSync('secret', salt, 32, { N: 1_024, r: 4, p: 3 });
  const known = parsePasswordHash(`$scrypt$ln=10,r=4,p=3$${unpadded(salt)}$${unpadded(hash)}`);
  assert.ok(known !== null && (await verifyPassword(known, 'secret')));
});

test('scrypt hashes are verified with every parameter that parses, also the smallest ones', async () => {
  const salt = Buffer.from('sixteen letters!');
  for (const ln of [1, 2, 3, 5, 8, 15, 16])
    for (const r of [1, 2, 3, 5, 8])
      for (const p of [1, 3]) {
        const label = `ln=${ln},r=${r},p=${p}`;
        const make = () => scryptSync('secret', salt, 32, { N: 2 ** ln, r, p, maxmem: 1_073_741_824 });
        const text = `$scrypt$${label}$${unpadded(salt)}$`;
        const known = parsePasswordHash(text + unpadded(Buffer.alloc(32)));
        // The largest ones only need to be refused or accepted: hashing them takes long.
        if (ln > 8 && r > 1) assert.ok(known !== null, label);
        else if (known === null) assert.throws(make, /memory limit/, label);
        else {
          const made = parsePasswordHash(text + unpadded(make()))!;
          assert.equal(await verifyPassword(made, 'secret'), true, label);
          assert.equal(await verifyPassword(made, 'other'), false, label);
        }
      }
});

test('a hash whose parameters cannot be used is told what would be right', () => {
  const rest = 'c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
  assert.match(
    passwordHashProblem(`$scrypt$ln=16,r=1,p=1$${rest}`),
    /cannot be verified here: expected ln .*with r=1 at most 15/,
  );
  assert.match(
    passwordHashProblem(`$argon2id$v=19$m=4,t=2,p=1$${rest}`),
    /cannot be verified here: expected m from 8 \* p to 1048576/,
  );
  assert.ok(!passwordHashProblem(`$scrypt$ln=16,r=1,p=1$${rest}`).includes('nf65'));
});

test('what was made is verified, and is another each time', async () => {
  const first = await hashPassword('pässword');
  const second = await hashPassword('pässword');
  assert.notEqual(first, second);
  assert.equal(await verifyPassword(parsePasswordHash(first)!, 'pässword'), true);
  assert.equal(await verifyPassword(parsePasswordHash(first)!, 'passwort'), false);
});

test('what is no hash, and what costs too much, is refused', () => {
  const salt = 'c29tZXNhbHQ';
  const hash = 'nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
  for (const text of [
    'password',
    `$argon2i$v=19$m=256,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=16$m=256,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=4,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=9999999,t=2,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=256,t=0,p=1$${salt}$${hash}`,
    `$argon2id$v=19$m=256,t=2,p=1$${salt}$short`,
    `$argon2id$v=19$m=256,t=2,p=1$${salt}$${hash}=`,
    `$scrypt$ln=30,r=8,p=1$${salt}$${hash}`,
    `$scrypt$ln=14,r=8$${salt}$${hash}`,
    `$scrypt$ln=0,r=8,p=1$${salt}$${hash}`,
    `$scrypt$ln=16,r=1,p=1$${salt}$${hash}`,
    `$2y$10$${salt}`,
  ])
    assert.equal(parsePasswordHash(text), null, text);
});

test('hashes of other makers are told apart from what is no hash, and nothing of either is shown', () => {
  for (const [text, kind] of [
    ['$2y$05$abcdefghijklmnopqrstuu0123456789012345678901234567890', 'bcrypt'],
    ['$apr1$salt$0123456789', 'htpasswd'],
    ['{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=', 'htpasswd'],
  ] as const) {
    assert.match(
      passwordHashProblem(text),
      new RegExp(`^${kind} hashes are not checked here: expected .*cardea password`),
    );
    assert.ok(!passwordHashProblem(text).includes(text.slice(3)));
  }
  assert.match(passwordHashProblem('s3cret'), /^expected the hash of a password/);
});
