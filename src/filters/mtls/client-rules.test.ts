// Certificates against rules, and what a proxy may report of a certificate.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { type CertificateFacts, ClientRules } from './client-rules.ts';
import { schema } from './config.ts';
import { parseForwardedCertificate } from './forwarded-certificate.ts';

const nobody: CertificateFacts = { subject: '', dnsNames: [], uris: [], emails: [], spiffeId: '', fingerprint: '' };
const print = 'ab'.repeat(32);

function whoseIs(clients: readonly object[], facts: Partial<CertificateFacts>): string | null {
  const rules = new ClientRules(schema.parse({ clients }).clients);
  return rules.find({ ...nobody, ...facts })?.identity.scopes[0] ?? null;
}

test('each kind of rule finds its own certificates and no others', () => {
  const rule = (match: object) => [{ ...match, scopes: ['it'] }];
  for (const [match, good, bad] of [
    [
      { fingerprint: print.toUpperCase().replace(/(..)(?!$)/g, '$1:') },
      { fingerprint: print },
      { fingerprint: 'ac'.repeat(32) },
    ],
    [{ subject: 'CN=a,O=b' }, { subject: 'CN=a,O=b' }, { subject: 'CN=a,O=b,C=x' }],
    [{ dns: 'API.acme.test' }, { dnsNames: ['x', 'api.ACME.test'] }, { dnsNames: ['api.acme.test.evil'] }],
    [{ dns: '*.acme.test' }, { dnsNames: ['a.b.acme.test'] }, { dnsNames: ['acme.test', 'xacme.test', '*.acme.test'] }],
    [{ uri: 'urn:x' }, { uris: ['urn:x'] }, { uris: ['urn:X'] }],
    [{ email: 'a@b.c' }, { emails: ['a@b.c'] }, { subject: 'a@b.c' }],
    [
      { spiffe: 'spiffe://acme/ns/shop' },
      { spiffeId: 'spiffe://acme/ns/shop' },
      { spiffeId: 'spiffe://acme/ns/shop/x' },
    ],
    [{ spiffe: 'spiffe://acme/ns/*' }, { spiffeId: 'spiffe://acme/ns/shop/x' }, { spiffeId: 'spiffe://acme/nsx' }],
  ] as const) {
    assert.equal(whoseIs(rule(match), good), 'it', JSON.stringify(match));
    assert.equal(whoseIs(rule(match), bad), null, JSON.stringify(match));
    assert.equal(whoseIs(rule(match), {}), null);
  }
});

test('what only begins or ends like the names below a rule is none of them', () => {
  const rule = (match: object) => [{ ...match, scopes: ['it'] }];
  const below = rule({ spiffe: 'spiffe://acme/ns/*' });
  for (const spiffeId of [
    'spiffe://acme/ns/',
    'spiffe://acme/ns',
    'spiffe://other/ns/shop/x',
    'spiffe://acme/other/shop',
  ])
    assert.equal(whoseIs(below, { spiffeId }), null, spiffeId);
  assert.equal(whoseIs(below, { spiffeId: 'spiffe://acme/ns/s' }), 'it');
  assert.equal(whoseIs(below, { uris: ['spiffe://acme/ns/s'], dnsNames: ['spiffe://acme/ns/s'] }), null);
  const names = rule({ dns: '*.acme.test' });
  for (const name of ['.acme.test', 'a.acme.test.evil', 'a.acme.test.', 'a.acmeXtest', 'evil/a.acme.testx'])
    assert.equal(whoseIs(names, { dnsNames: [name] }), null, name);
  assert.equal(whoseIs(names, { dnsNames: ['x', 'A.acme.TEST'] }), 'it');
});

test('of two rules for one certificate the first counts, and the login is of its name', () => {
  const spiffe = 'spiffe://acme/ns/shop';
  const clients = schema.parse({
    clients: [{ spiffe, scopes: ['one'] }, { spiffe, scopes: ['two'] }, { dns: 'a.test' }],
  }).clients;
  const rules = new ClientRules(clients);
  const loginOf = (facts: Partial<CertificateFacts>) => {
    const { subject, keyId, scopes } = rules.find({ ...nobody, ...facts })!.identity;
    return [subject, keyId, scopes.join()];
  };
  assert.deepEqual(loginOf({ spiffeId: spiffe, subject: 'CN=a', fingerprint: print }), [spiffe, print, 'one']);
  assert.deepEqual(loginOf({ subject: 'CN=a', dnsNames: ['a.test'] }), ['CN=a', '', '']);
  assert.deepEqual(loginOf({ dnsNames: ['b.test', 'a.test'] }), ['b.test', '', '']);
});

test('the first rule that fits counts', () => {
  const clients = [
    { spiffe: 'spiffe://acme/ns/*', scopes: ['all'] },
    { spiffe: 'spiffe://acme/ns/shop', scopes: ['shop'] },
    { fingerprint: print, scopes: ['print'] },
  ];
  assert.equal(whoseIs(clients, { spiffeId: 'spiffe://acme/ns/shop' }), 'all');
  assert.equal(whoseIs(clients, { fingerprint: print }), 'print');
  assert.equal(whoseIs([...clients].reverse(), { spiffeId: 'spiffe://acme/ns/shop', fingerprint: print }), 'print');
});

test('X-Forwarded-Client-Cert of one certificate', () => {
  const text = `By=spiffe://gw;Hash=${print.toUpperCase()};Subject="CN=a\\"b,O=x\\\\;y";URI=spiffe://acme/ns/shop;DNS=a.test;DNS=b.test`;
  assert.deepEqual(parseForwardedCertificate(text), {
    subject: 'CN=a"b,O=x\\;y',
    dnsNames: ['a.test', 'b.test'],
    uris: ['spiffe://acme/ns/shop'],
    emails: [],
    spiffeId: 'spiffe://acme/ns/shop',
    fingerprint: print,
  });
  assert.equal(parseForwardedCertificate('URI=spiffe://a/b;URI=spiffe://a/c')?.spiffeId, '', 'SPIFFE forbids several');
});

test('each field of a forwarded certificate alone, in any case, and empty ones for nothing', () => {
  for (const [text, told] of [
    ['URI=urn:x', { uris: ['urn:x'] }],
    ['uri=spiffe://a/b', { uris: ['spiffe://a/b'], spiffeId: 'spiffe://a/b' }],
    ['URI=spiffe://a/b;URI=urn:x', { uris: ['spiffe://a/b', 'urn:x'] }],
    ['DNS=a;URI=urn:x', { dnsNames: ['a'], uris: ['urn:x'] }],
    ['SUBJECT="";By=x;dns=a', { dnsNames: ['a'] }],
    ['Subject=CN=a', { subject: 'CN=a' }],
    [`Hash=${print};Subject=CN=a`, { fingerprint: print, subject: 'CN=a' }],
    [`HASH=${print}`, { fingerprint: print }],
    [`DNS=${'a'.repeat(16_380)}`, { dnsNames: ['a'.repeat(16_380)] }],
  ] as const)
    assert.deepEqual(parseForwardedCertificate(text), { ...nobody, ...told }, text.slice(0, 40));
  for (const text of [
    `Hash=${print}0`,
    `Hash=0${print}`,
    `Hash=x${print}`,
    `Hash=${print.slice(1)}`,
    '="a";DNS=b',
    `DNS=${'a'.repeat(16_381)}`,
  ])
    assert.equal(parseForwardedCertificate(text), null, text.slice(0, 80));
});

test('what tells of no certificate, of several or of nothing readable', () => {
  for (const text of [
    '',
    'By=x',
    'constructor=x',
    'Hash=',
    'Hash=abc',
    `Hash=${print},Hash=${print}`,
    `Hash=${print};Hash=${print}`,
    'Subject="a";Subject="b"',
    'Subject="a',
    'Subject="a"b',
    'Subject=a"b',
    'DNS=a;',
    ';DNS=a',
    'DNS',
    `DNS=${'a'.repeat(20_000)}`,
  ])
    assert.equal(parseForwardedCertificate(text), null, text.slice(0, 40));
  const sign = fc.constantFrom(...'aDNS="\\;,:URIHash '.split(''));
  fc.assert(
    fc.property(fc.string({ unit: sign, maxLength: 30, size: 'max' }), text => {
      const facts = parseForwardedCertificate(text);
      for (const name of facts?.dnsNames ?? []) assert.ok(name !== '');
    }),
    { numRuns: 2_000 },
  );
});

test('a DNS name in capital letters is one for editors as well', () => {
  const { properties } = JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })));
  assert.match('*.Partner.EXAMPLE', new RegExp(properties.clients.items.properties.dns.pattern));
});

test('a configuration that cannot work is refused', () => {
  const messageOf = (client: object) => schema.safeParse({ clients: [client] }).error?.issues[0]?.message ?? '';
  assert.match(messageOf({}), /one of spiffe/);
  assert.match(messageOf({ dns: 'a.test', uri: 'urn:x' }), /one of spiffe/);
  assert.match(messageOf({ fingerprint: 'abc' }), /64 hexadecimal/);
  assert.match(messageOf({ spiffe: 'spiffe://a/*/b' }), /SPIFFE id/);
  assert.match(messageOf({ dns: '*' }), /DNS name/);
  assert.match(messageOf({ dns: '*.a.*' }), /DNS name/);
});
