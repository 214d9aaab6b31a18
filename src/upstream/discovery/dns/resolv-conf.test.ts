import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHosts, parseResolvConf } from './resolv-conf.ts';

test('servers, search list and ndots', () => {
  const conf = parseResolvConf(
    '# made by a container engine\nnameserver 10.96.0.10\nnameserver not-an-address\nnameserver fd00::53\n' +
      'search default.svc.cluster.local svc.cluster.local.\noptions edns0 ndots:5 timeout:1\n',
  );
  assert.deepEqual(conf, {
    servers: [
      { host: '10.96.0.10', port: 53 },
      { host: 'fd00::53', port: 53 },
    ],
    search: ['default.svc.cluster.local', 'svc.cluster.local'],
    ndots: 5,
  });
});

test('what is not said is as glibc has it; no more than three servers', () => {
  assert.deepEqual(parseResolvConf(''), { servers: [{ host: '127.0.0.1', port: 53 }], search: [], ndots: 1 });
  const four = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map(host => `nameserver ${host}`).join('\n');
  assert.equal(parseResolvConf(four).servers.length, 3);
  assert.equal(parseResolvConf('options ndots:99').ndots, 15);
});

test('a name of the hosts file is the same in upper case, with a dot behind it, and not in a comment', () => {
  const text = '10.0.0.1 a.test b.test # c.test\n# 10.0.0.2 a.test\nnonsense a.test\n';
  assert.deepEqual(parseHosts(text, 'B.test.'), ['10.0.0.1']);
  assert.deepEqual(parseHosts(text, 'c.test'), []);
  assert.deepEqual(parseHosts(text, 'a.test'), ['10.0.0.1']);
});
