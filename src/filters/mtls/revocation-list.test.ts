// Revocation lists made by openssl: what is revoked, whose list it is, and lists that must be refused.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { TestAuthority } from '../../../test/support/certificates.ts';
import { DerTag } from '../../base/der.ts';
import { RevocationLists } from './revocation-list.ts';

const authority = new TestAuthority('Acme, Ltd');
const other = new TestAuthority('Other');
const good = authority.issue('good', { name: 'good' });
const bad = authority.issue('bad', { name: 'bad' });
const list = readFileSync(authority.revoke(bad.cert), 'utf8');
after(() => {
  authority.remove();
  other.remove();
});

const serialOf = ({ cert }: { cert: string }) => new X509Certificate(readFileSync(cert)).serialNumber;
const issuer = 'CN=Acme\\, Ltd';
const now = Date.now();

test('what is on the list is revoked, what is not is good', () => {
  const lists = new RevocationLists([list], authority.caText, false);
  assert.equal(lists.ask(issuer, serialOf(bad), now), 'revoked');
  assert.equal(lists.ask(issuer, `00${serialOf(bad).toLowerCase()}`, now), 'revoked');
  assert.equal(lists.ask(issuer, serialOf(good), now), 'good');
  assert.equal(lists.ask('CN=Other', serialOf(bad), now), 'unknown');
  // Also when nobody knows who is above it.
  assert.equal(lists.askAll({ issuer, serialNumber: serialOf(bad) }, null, now), 'revoked');
  assert.equal(lists.askAll({ issuer, serialNumber: serialOf(good) }, null, now), 'unknown');
});

test('a list whose time is over says nothing any more, unless it is to', () => {
  const later = now + 31 * 86_400_000;
  const refusing = new RevocationLists([list], authority.caText, false);
  assert.equal(refusing.ask(issuer, serialOf(good), later), 'unknown');
  assert.equal(refusing.ask(issuer, serialOf(bad), later), 'revoked');
  assert.equal(new RevocationLists([list], authority.caText, true).ask(issuer, serialOf(good), later), 'good');
});

test('those above a client are asked for where their authority has a list, which must be in date', t => {
  const root = new TestAuthority('Root');
  const between = new TestAuthority('Between', root);
  t.after(() => {
    root.remove();
    between.remove();
  });
  const known = root.caText + between.caText;
  const own = new X509Certificate(readFileSync(between.issue('own').cert));
  const certificate = { issuer: 'CN=Between', serialNumber: own.serialNumber };
  const its = readFileSync(between.revoke(), 'utf8');
  const later = now + 31 * 86_400_000;
  const verdict = (texts: string[], at = now, chain = [own.raw], acceptExpired = false) => {
    const lists = new RevocationLists(texts, known, acceptExpired);
    return lists.askAll(certificate, lists.authoritiesAbove(chain), at);
  };
  const clean = readFileSync(root.revoke(), 'utf8');
  assert.equal(verdict([its]), 'good', 'no list of the root is there');
  assert.equal(verdict([its, clean]), 'good');
  assert.equal(verdict([its, clean], now, []), 'unknown', 'nobody knows who signed it');
  assert.equal(verdict([clean]), 'unknown', 'its own authority has none');
  const soon = readFileSync(root.revoke(between.ca), 'utf8');
  assert.equal(verdict([its, soon]), 'revoked');
  assert.equal(verdict([soon]), 'revoked');
  assert.equal(verdict([its, soon], later), 'revoked');
  assert.equal(verdict([its, clean], later), 'unknown');
  assert.equal(verdict([its, clean], later, [own.raw], true), 'good');
});

test('authorities of one name: what either of their lists has is revoked, and neither may be over', t => {
  const renewed = new TestAuthority('Acme, Ltd');
  t.after(() => renewed.remove());
  for (const name of ['one', 'two', 'three']) renewed.issue(name);
  const also = renewed.issue('also');
  const second = readFileSync(renewed.revoke(also.cert), 'utf8');
  assert.notEqual(serialOf(also), serialOf(bad));
  for (const texts of [
    [list, second],
    [second, list],
  ]) {
    const lists = new RevocationLists(texts, authority.caText + renewed.caText, false);
    const ask = (files: { cert: string }, at: number) => lists.ask(issuer, serialOf(files), at);
    assert.deepEqual([ask(bad, now), ask(also, now), ask(good, now)], ['revoked', 'revoked', 'good']);
    assert.equal(ask(good, now + 31 * 86_400_000), 'unknown');
  }
});

test('authorities with one key and different names: a list is about its issuer only', t => {
  const first = new TestAuthority('First');
  const second = new TestAuthority('Second  authority', null, first);
  // The same name with other spaces and case.
  const renamed = new TestAuthority('SECOND authority', null, first);
  t.after(() => [first, second, renamed].forEach(each => void each.remove()));
  const gone = second.issue('gone');
  const its = readFileSync(second.revoke(gone.cert), 'utf8');
  for (const known of [first.caText + second.caText, second.caText + first.caText]) {
    const lists = new RevocationLists([its], known, false);
    assert.equal(lists.ask('CN=Second  authority', serialOf(gone), now), 'revoked');
    assert.equal(lists.ask('CN=First', serialOf(gone), now), 'unknown', 'First has no list');
  }
  assert.throws(() => new RevocationLists([its], first.caText, false), /names another issuer/);
  assert.equal(
    new RevocationLists([its], renamed.caText, false).ask('CN=SECOND authority', serialOf(gone), now),
    'revoked',
  );
});

test('of two lists of one authority the newer counts, wherever it stands', async t => {
  const own = new TestAuthority('Own');
  t.after(() => own.remove());
  const gone = own.issue('gone');
  const before = readFileSync(own.revoke(), 'utf8');
  // Because: the times of lists are in whole seconds.
  await new Promise(resolve => setTimeout(resolve, 1_000));
  const after = readFileSync(own.revoke(gone.cert), 'utf8');
  for (const texts of [
    [before, after],
    [after, before],
  ])
    assert.equal(new RevocationLists(texts, own.caText, false).ask('CN=Own', serialOf(gone), now), 'revoked');
});

test('a list of somebody else, a changed one, and none at all are refused', () => {
  assert.throws(() => new RevocationLists([list], other.caText, false), /signed by none/);
  assert.throws(() => new RevocationLists(['nothing'], authority.caText, false), /without a revocation list/);
  assert.throws(() => new RevocationLists([list], 'nothing', false), /no certificate/);
  const der = Buffer.from(list.replace(/-----[^-]+-----/g, ''), 'base64');
  const pem = (bytes: Buffer) => `-----BEGIN X509 CRL-----\n${bytes.toString('base64')}\n-----END X509 CRL-----\n`;
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = Buffer.from(der);
      changed[at]! ^= mask;
      assert.throws(() => new RevocationLists([pem(changed)], authority.caText, false), TypeError);
    }),
    { numRuns: 500 },
  );
  for (let length = 1; length < der.length; length += 7)
    assert.throws(() => new RevocationLists([pem(der.subarray(0, length))], authority.caText, false), TypeError);
});

/** A DER element. */
function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const long = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...(length < 128 ? [length] : long)), content]);
}

const hex = (text: string) => Buffer.from(text, 'hex');
const sequence = (...contents: readonly Buffer[]) => element(DerTag.sequence, ...contents);
const time = (text: string) => element(DerTag.utcTime, Buffer.from(text));
const ecdsaSha256 = sequence(hex('06082a8648ce3d040302'));
/** The revoked certificate with this serial number. */
const entry = (serial: string) => sequence(element(DerTag.integer, hex(serial)), time('260101000000Z'));
const extensions = (...all: readonly Buffer[]) => element(DerTag.context0, sequence(...all));
/** The number of the list, which every list has, and the place that it is about, which limits what it says. */
const number = sequence(hex('0603551d14'), element(DerTag.octetString, hex('020101')));
const place = (...critical: readonly Buffer[]) =>
  sequence(hex('0603551d1c'), ...critical, element(DerTag.octetString, hex('3000')));

/** The lists with one that has these parts, signed by the authority. */
function listOf(
  parts: readonly Buffer[],
  {
    algorithm = ecdsaSha256,
    unused = 0,
    inside = Buffer.alloc(0),
    behind = Buffer.alloc(0),
    authorities = authority.caText,
  } = {},
): RevocationLists {
  const signed = sequence(...parts);
  const signature = sign('sha256', signed, readFileSync(authority.path('ca.key')));
  const bits = element(DerTag.bitString, Buffer.of(unused), signature);
  const der = Buffer.concat([sequence(signed, algorithm, bits, inside), behind]);
  const pem = `-----BEGIN X509 CRL-----\n${der.toString('base64')}\n-----END X509 CRL-----\n`;
  return new RevocationLists([pem], authorities, false);
}

const version = hex('020101');
const issuedBy = sequence(
  element(DerTag.set, sequence(hex('0603550403'), element(DerTag.utf8String, Buffer.from('Acme, Ltd')))),
);
const [begun, ends] = [time('260101000000Z'), time('491231235959Z')];

test('a list may have only what it must: no version, no end, nothing revoked, no extensions', () => {
  const bare = listOf([ecdsaSha256, issuedBy, begun]);
  assert.equal(bare.ask(issuer, '01', Date.UTC(2200, 0)), 'good');
  const endless = listOf([ecdsaSha256, issuedBy, begun, sequence(entry('0a'))]);
  assert.deepEqual([endless.ask(issuer, '0a', now), endless.ask(issuer, '0b', Date.UTC(2200, 0))], ['revoked', 'good']);
  const full = listOf([
    version,
    ecdsaSha256,
    issuedBy,
    begun,
    ends,
    sequence(entry('00ff'), entry('0a')),
    extensions(number),
  ]);
  assert.deepEqual(
    ['FF', '0A', 'a', '00', '0F'].map(serial => full.ask(issuer, serial, now)),
    ['revoked', 'revoked', 'revoked', 'good', 'good'],
  );
});

test('a list is in date until its end, to the millisecond', () => {
  const list = listOf([version, ecdsaSha256, issuedBy, begun, ends]);
  const end = Date.UTC(2049, 11, 31, 23, 59, 59);
  assert.deepEqual([list.ask(issuer, '01', end), list.ask(issuer, '01', end + 1)], ['good', 'unknown']);
});

test('a list that says less than all is refused: one with a critical extension', () => {
  const parts = [version, ecdsaSha256, issuedBy, begun, ends];
  for (const revoked of [[], [sequence(entry('0a'))]]) {
    const list = (...all: readonly Buffer[]) => listOf([...parts, ...revoked, extensions(...all)]);
    assert.throws(() => list(number, place(hex('0101ff'))), /critical extension 2\.5\.29\.28/);
    assert.equal(list(number, place(hex('010100'))).ask(issuer, '01', now), 'good');
    assert.equal(list(place()).ask(issuer, '01', now), 'good');
  }
});

test('an authority whose key is of another kind than the signature has not signed the list', () => {
  const [cert, key] = [authority.path('edwards.pem'), authority.path('edwards.key')];
  const made = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=Acme, Ltd'];
  execFileSync('openssl', made, { stdio: 'ignore' });
  const authorities = readFileSync(cert, 'utf8');
  const parts = [version, ecdsaSha256, issuedBy, begun, ends, sequence(entry('0a'))];
  assert.throws(() => listOf(parts, { authorities }), /signed by none/);
  const both = listOf(parts, { authorities: authorities + authority.caText });
  assert.deepEqual([both.ask(issuer, '0a', now), both.ask(issuer, '0b', now)], ['revoked', 'good']);
});

test('a signed list that is not in the form of RFC 5280 is refused', () => {
  const parts = [version, ecdsaSha256, issuedBy, begun, ends];
  const other = sequence(hex('06082a8648ce3d040303'));
  const unknown = sequence(hex('06082a8648ce3d040301'));
  assert.throws(() => listOf([version, ecdsaSha256, issuedBy, ends], { behind: hex('0500') }), /bytes after its end/);
  assert.throws(() => listOf(parts, { inside: hex('0500') }), /bytes after its end/);
  assert.throws(() => listOf(parts, { algorithm: other }), /names two algorithms/);
  assert.throws(() => listOf([version, unknown, issuedBy, begun], { algorithm: unknown }), /1\.2\.840\.10045\.4\.3\.1/);
  assert.throws(() => listOf([version, ecdsaSha256, issuedBy]), /has no time/);
  assert.throws(() => listOf([version, ecdsaSha256, issuedBy, sequence()]), /has no time/);
  assert.throws(() => listOf(parts, { unused: 1 }), /no whole number of bytes/);
});
