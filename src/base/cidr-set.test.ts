// Membership in blocks, against Node's BlockList.

import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { CidrSet, cidrError, enclosingBlocks } from './cidr-set.ts';

test('holds blocks of both families', () => {
  const set = new CidrSet(['10.0.0.0/8', '192.168.1.7', '2001:db8::/33', 'fe80::/10', '::1']);
  for (const ip of [
    '10.0.0.0',
    '10.255.255.255',
    '192.168.1.7',
    '2001:db8:7fff::1',
    'fe80::1%eth0',
    '::1',
    '::ffff:10.1.2.3',
    '0:0:0:0:0:ffff:0a01:0203',
  ]) {
    assert.ok(set.has(ip), ip);
  }
  for (const ip of [
    '9.255.255.255',
    '11.0.0.0',
    '192.168.1.8',
    '2001:db8:8000::',
    'fec0::1',
    '::2',
    '::10.1.2.3',
    '',
    'localhost',
    '10.0.0',
    '010.0.0.1',
    ' 10.0.0.1',
  ]) {
    assert.ok(!set.has(ip), ip);
  }
});

test('the families stay apart, and a mapped block is an IPv4 block', () => {
  assert.ok(!new CidrSet(['::/0']).has('1.2.3.4'));
  assert.ok(new CidrSet(['::/0']).has('2001:db8::1'));
  assert.ok(!new CidrSet(['0.0.0.0/0']).has('2001:db8::1'));
  assert.ok(new CidrSet(['0.0.0.0/0']).has('255.255.255.255'));
  assert.ok(new CidrSet(['::ffff:10.0.0.0/104']).has('10.9.8.7'));
  assert.ok(!new CidrSet(['::ffff:10.0.0.0/104']).has('11.9.8.7'));
});

test('the block of all mapped addresses is all of IPv4, and a larger one is neither', () => {
  const all = new CidrSet(['::ffff:0:0/96']);
  assert.ok(all.has('1.2.3.4') && all.has('::ffff:255.255.255.255'));
  assert.ok(!all.has('::fffe:1.2.3.4') && !all.has('2001:db8::1'));
  assert.match(cidrError('::ffff:0:0/95')!, /bits set after/);
});

test('IPv6 blocks that begin alike are told apart to the last word', () => {
  const set = new CidrSet(['2001:db8::3:0:0/96', '2001:db8::1:0:0/96', '2001:db8::2:0:7', '2001:db8::2:0:5']);
  for (const ip of ['2001:db8::1:0:9', '2001:db8::3:ffff:ffff', '2001:db8::2:0:5', '2001:db8::2:0:7'])
    assert.ok(set.has(ip), ip);
  for (const ip of ['2001:db8::9', '2001:db8::2:0:6', '2001:db8::2:0:8', '2001:db8::4:0:0'])
    assert.ok(!set.has(ip), ip);
});

test('an empty set holds nothing', () => {
  assert.ok(!new CidrSet([]).has('127.0.0.1'));
  assert.ok(!new CidrSet([]).has('::1'));
});

test('blocks within blocks, in any order', () => {
  const set = new CidrSet(['10.1.0.0/16', '10.0.0.0/8', '10.0.0.0/24', '10.0.0.0/8', '11.0.0.0/8']);
  for (const ip of ['10.0.0.1', '10.1.2.3', '10.200.0.1', '11.255.0.1']) assert.ok(set.has(ip), ip);
  assert.ok(!set.has('12.0.0.0'));
});

test('a malformed block is refused with what is wrong', () => {
  assert.throws(() => new CidrSet(['10.0.0.0/8', 'x']), {
    name: 'TypeError',
    message: /not an IP address or CIDR block: "x"/,
  });
  assert.match(cidrError('10.0.0.0/33')!, /0 to 32/);
  assert.match(cidrError('::/129')!, /0 to 128/);
  assert.match(cidrError('10.0.0.1/8')!, /bits set after/);
  assert.match(cidrError('2001:db8::1/64')!, /bits set after/);
  for (const text of [
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '/8',
    'fe80::%eth0/10',
    '10.0.0.0/255.0.0.0',
  ]) {
    assert.notEqual(cidrError(text), undefined, text);
  }
  assert.equal(cidrError('0.0.0.0/0'), undefined);
});

const word = fc.integer({ min: 0, max: 0xffffffff });
const dotted = (address: number) => [24, 16, 8, 0].map(shift => (address >>> shift) & 255).join('.');
const coloned = (parts: readonly number[]) =>
  parts
    .flatMap(part => [part >>> 16, part & 0xffff])
    .map(group => group.toString(16))
    .join(':');
const cut = (address: number, length: number) =>
  length <= 0 ? 0 : length >= 32 ? address : (address & ~(0xffffffff >>> length)) >>> 0;

test('agrees with BlockList on IPv4', () => {
  const block = fc.tuple(word, fc.integer({ min: 0, max: 32 }));
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 12, size: 'max' }),
      fc.array(word, { minLength: 1, maxLength: 8 }),
      (blocks, others) => {
        const list = new BlockList();
        for (const [address, length] of blocks) list.addSubnet(dotted(cut(address, length)), length, 'ipv4');
        const set = new CidrSet(blocks.map(([address, length]) => `${dotted(cut(address, length))}/${length}`));
        const edges = blocks.flatMap(([address, length]) => [
          cut(address, length),
          (cut(address, length) - 1) >>> 0,
          address,
        ]);
        for (const address of [...others, ...edges]) {
          assert.equal(set.has(dotted(address)), list.check(dotted(address), 'ipv4'), dotted(address));
          assert.equal(set.has(`::ffff:${dotted(address)}`), set.has(dotted(address)));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('agrees with BlockList on IPv6', () => {
  const quad = fc.tuple(word, word, word, word);
  const block = fc.tuple(quad, fc.integer({ min: 0, max: 128 }));
  fc.assert(
    fc.property(fc.array(block, { maxLength: 12, size: 'max' }), quad, (blocks, other) => {
      const list = new BlockList();
      const texts = blocks.map(
        ([parts, length]) => [coloned(parts.map((part, i) => cut(part, length - i * 32))), length] as const,
      );
      for (const [text, length] of texts) list.addSubnet(text, length, 'ipv6');
      const set = new CidrSet(texts.map(([text, length]) => `${text}/${length}`));
      for (const text of [coloned(other), ...texts.map(([text]) => text), ...blocks.map(([parts]) => coloned(parts))]) {
        assert.equal(set.has(text), list.check(text, 'ipv6'), text);
      }
    }),
    { numRuns: 500 },
  );
});

test('a block is enclosed by each shorter prefix of itself, in one spelling', () => {
  const encloses = (wide: string, narrow: string) => enclosingBlocks(narrow).includes(enclosingBlocks(wide)[0]!);
  assert.equal(enclosingBlocks('10.0.0.0/8').length, 9);
  assert.equal(enclosingBlocks('2001:db8::/32').length, 33);
  assert.deepEqual(enclosingBlocks('10.1.2.3'), enclosingBlocks('::ffff:10.1.2.3/128'));
  assert.deepEqual(enclosingBlocks('nonsense'), []);
  for (const wide of ['10.0.0.0/8', '10.1.2.0/24', '0.0.0.0/0', '10.1.2.3/32'])
    assert.ok(encloses(wide, '10.1.2.3'), wide);
  for (const wide of ['11.0.0.0/8', '10.1.2.4', '::/0']) assert.ok(!encloses(wide, '10.1.2.3'), wide);
  assert.ok(encloses('2001:db8::/33', '2001:db8:7fff::/48'));
  assert.ok(!encloses('2001:db8::/33', '2001:db8:8000::/48'));
  assert.ok(!encloses('10.1.0.0/16', '10.0.0.0/8'));
});
