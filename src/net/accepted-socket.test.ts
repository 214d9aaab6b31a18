// The probe of accepted sockets works on whichever loopback address the machine has.

import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { ownAcceptWorks } from './accepted-socket.ts';

const hasIpv6 = Object.values(networkInterfaces()).some(each => each?.some(({ address }) => address === '::1'));

test('this Node lets accepted sockets share a read buffer', async () => {
  assert.equal(await ownAcceptWorks(), true);
});

test('also where only IPv6 is there to try it', { skip: !hasIpv6 && 'this machine has no ::1' }, async () => {
  // 192.0.2.1 is an address for documentation (RFC 5737): this machine lacks it, as a machine without IPv4 lacks 127.0.0.1.
  assert.equal(await ownAcceptWorks(['192.0.2.1', '::1']), true);
  assert.equal(await ownAcceptWorks(['192.0.2.1']), false);
});
