// Durations, rates, percentages and addresses as written: what they become, and which texts are refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRate, rateHint, rateText } from '../../base/rate.ts';
import { duration, durationMaxMs, parseDuration } from '../../base/schema/duration.ts';
import { nearestName } from '../problems/nearest-name.ts';
import { checkValue } from '../problems/schema-problems.ts';
import { addressText, parseAddress } from './address.ts';
import { parseBodyPath } from './body-match.ts';
import { parseEndpointUrl } from './endpoint-schema.ts';
import { parsePercentage } from './percentage.ts';
import { rate } from './rate.ts';

test('durations', () => {
  const read = { '250ms': 250, '30s': 30_000, '5m': 300_000, '1h': 3_600_000, '24h': 86_400_000, '0s': 0 };
  for (const [text, ms] of Object.entries(read)) assert.equal(parseDuration(text), ms, text);
  for (const text of ['', '5', '5 s', '1.5s', '-1s', '05s', '1d', '1S', '1s ']) {
    assert.ok(Number.isNaN(parseDuration(text)), text);
  }
  assert.equal(checkValue(duration, `${durationMaxMs}ms`).ok, false, 'ten digits are no duration');
  assert.equal(checkValue(duration, '576h').ok, true);
  assert.equal(checkValue(duration, '577h').ok, false, 'no timer counts that far');
  assert.equal(checkValue(duration, '0s').ok, false);
});

test('rates', () => {
  assert.deepEqual(parseRate('100/s'), { count: 100, perMs: 1_000 });
  assert.deepEqual(parseRate('1000/min'), { count: 1_000, perMs: 60_000 });
  assert.deepEqual(parseRate('5000/h'), { count: 5_000, perMs: 3_600_000 });
  assert.deepEqual(parseRate('10M/month'), { count: 10_000_000, perMs: 30 * 86_400_000 });
  assert.deepEqual(parseRate('100/30s'), { count: 100, perMs: 30_000 });
  assert.deepEqual(parseRate('5/15min'), { count: 5, perMs: 900_000 });
  assert.deepEqual(parseRate('1k/12h'), { count: 1_000, perMs: 12 * 3_600_000 });
  for (const text of ['', '100', '0/s', '100/sec', '1.5/s', '-1/s', '100 /s', '10m/s', '/s']) {
    assert.equal(parseRate(text), null, text);
  }
  // Days, weeks and months belong to the calendar and stand alone.
  for (const text of ['5/0s', '5/015s', '5/1.5min', '5/2day', '5/2month', '5/24h', '5/1440min', '5/86400s']) {
    assert.equal(parseRate(text), null, text);
    assert.equal(checkValue(rate, text).ok, false, text);
  }
  for (const text of ['100/s', '1000/min', '5000/h', '50/day', '7/week', '1/month', '100/30s', '5/15min', '9/90min']) {
    assert.equal(rateText(parseRate(text)!), text);
  }
  assert.equal(rateText({ count: 1, perMs: 1_500 }), undefined);
  assert.equal(rateText({ count: 1, perMs: 2 * 86_400_000 }), undefined);
  const zero = checkValue(rate, '0/s');
  assert.equal(
    !zero.ok && zero.problems[0]!.message,
    'expected a rate above zero, such as 100/s or 10M/month, found "0/s"',
  );
});

test('a rate in another notation is told as it is written here', () => {
  const meant = {
    '60/minute': '60/min',
    '60/m': '60/min',
    '100r/s': '100/s',
    '60 per minute': '60/min',
    '60rpm': '60/min',
    '10k/hour': '10k/h',
    '1000/d': '1000/day',
    '5 req/s': '5/s',
    '7 / seconds': '7/s',
  };
  for (const [text, rateHere] of Object.entries(meant)) {
    assert.equal(rateHint(text), `; write ${rateHere}`, text);
    assert.ok(parseRate(rateHere) !== null, rateHere);
    const checked = checkValue(rate, text);
    assert.ok(!checked.ok && checked.problems[0]!.message.endsWith(`; write ${rateHere}`), text);
  }
  for (const text of ['60', '60/fortnight', 'minute/60', '', 5]) assert.equal(rateHint(text), '');
});

test('percentages', () => {
  assert.equal(parsePercentage('0%'), 0);
  assert.equal(parsePercentage('5%'), 0.05);
  assert.equal(parsePercentage('0.5%'), 0.005);
  assert.equal(parsePercentage('100%'), 1);
  for (const text of ['', '5', '101%', '100.5%', '-1%', '.5%', '5 %']) {
    assert.ok(Number.isNaN(parsePercentage(text)), text);
  }
});

test('addresses have one form each, and are read from it again', () => {
  assert.deepEqual(parseAddress('0.0.0.0:8080'), { host: '0.0.0.0', port: 8080 });
  assert.deepEqual(parseAddress('[::]:8080'), { host: '::', port: 8080 });
  assert.deepEqual(parseAddress('[0:0::0]:8080'), { host: '::', port: 8080 });
  assert.deepEqual(parseAddress(':8080'), { host: '', port: 8080 });
  assert.equal(addressText({ host: '', port: 8080 }), ':8080');
  for (const text of ['8080', 'localhost:80', 'example.com:80', '::1:80', '[::1]', '1.2.3:80', '1.2.3.4:65536']) {
    assert.equal(typeof parseAddress(text), 'string', text);
  }
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 65_535 }), (host, port) => {
      const address = parseAddress(addressText({ host, port }));
      assert.ok(typeof address === 'object', host);
      assert.deepEqual(parseAddress(addressText(address)), address);
    }),
  );
});

test('endpoints: a host and a port, no path, no credentials', () => {
  const plain = { url: 'http://10.0.0.1:80', tls: false, host: '10.0.0.1', port: 80 };
  assert.deepEqual(parseEndpointUrl('http://10.0.0.1'), plain);
  assert.deepEqual(parseEndpointUrl('http://[::1]:81/'), { url: 'http://[::1]:81', tls: false, host: '::1', port: 81 });
  assert.deepEqual(parseEndpointUrl('https://a.b'), { url: 'https://a.b:443', tls: true, host: 'a.b', port: 443 });
  for (const text of [
    'https://a/b',
    'ftp://a',
    'a:80',
    'http://',
    'http://a/b',
    'http://a?b',
    'http://a#',
    'http://u:p@a',
    'http://a:0',
  ]) {
    assert.equal(typeof parseEndpointUrl(text), 'string', text);
  }
});

test('an endpoint’s password stands in no message', () => {
  assert.ok(!String(parseEndpointUrl('http://user:hunter2@a')).includes('hunter2'));
});

test('paths into a body', () => {
  assert.deepEqual(parseBodyPath('$.a.b[0]'), ['a', 'b', 0]);
  assert.deepEqual(parseBodyPath("$['a b'][2].c"), ['a b', 2, 'c']);
  for (const text of ['', '$', 'a', '$.', '$..a', '$.a[', '$[01]', '$.a b', '$.a[-1]']) {
    assert.equal(parseBodyPath(text), null, text);
  }
});

test('a name with one letter wrong, missing, added or swapped is found; another name is not', () => {
  const names = ['requestLine', 'headerBytes', 'timeout'];
  for (const written of ['timeot', 'timeouts', 'tiemout', 'Timeout', 'timaout']) {
    assert.equal(nearestName(written, names), 'timeout', written);
  }
  assert.equal(nearestName('colour', names), undefined);
});
