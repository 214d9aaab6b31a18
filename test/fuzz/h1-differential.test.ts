// The fuzzer as CI runs it: the kept corpus, then CARDEA_FUZZ_SECONDS (default 60) from a new seed, which is printed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadDifferences } from '../conformance/differences.ts';
import { type FuzzInput, fuzz, judge, keep, loadCorpus } from './h1-differential.ts';
import { stricterClasses } from './stricter.ts';

function input(direction: 'request' | 'response', text: string): FuzzInput {
  return { direction, method: direction === 'response' ? 'GET' : '', bytes: Buffer.from(text, 'latin1') };
}

test('every class that explains a refusal is listed in differences.md with its reason', () => {
  const { classes } = loadDifferences();
  for (const name of stricterClasses) assert.ok(classes.has(name), name);
});

test('every class of differences.md is one that occurs', () => {
  const { classes, fixtures } = loadDifferences();
  // No generated input reaches the limits; the tests of the limits themselves are beside the parsers.
  const occurring = new Set([...stricterClasses, ...fixtures.values(), 'size-limits']);
  for (const name of classes.keys()) assert.ok(occurring.has(name), name);
});

test('the judge tells a difference from an agreement', async () => {
  const agreed = await judge([input('request', 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n')], () => true);
  assert.deepEqual(agreed[0]!.judgement, { failure: null, stricter: null });
  assert.equal(agreed[0]!.ours.messages.length, 1);
  const stricter = await judge([input('request', 'GET /a HTTP/1.1\r\n\r\n')], () => true);
  assert.equal(stricter[0]!.judgement.stricter, 'missing-host');
  const response = await judge([input('response', 'HTTP/1.1 200 OK\r\nContent-Length: 02\r\n\r\nhi')], () => true);
  assert.equal(response[0]!.judgement.stricter, 'content-length-zeros');
});

test('inputs kept from earlier runs', async () => {
  const corpus = loadCorpus();
  assert.ok(corpus.length > 0);
  const failures = (await judge(corpus, () => true)).filter(({ judgement }) => judgement.failure !== null);
  assert.deepEqual(
    failures.map(({ input: { bytes }, judgement }) => [bytes.toString('latin1'), judgement.failure]),
    [],
  );
});

test('new inputs', async context => {
  const seconds = Number(process.env['CARDEA_FUZZ_SECONDS'] ?? 60);
  const seed = Number(process.env['CARDEA_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
  const report = await fuzz(seconds, seed, 10);
  context.diagnostic(
    `seed ${seed}: ${report.messages} messages, ${report.readings} readings, ${report.accepted} accepted`,
  );
  const saved = report.failures.map(
    ({ input: failing, failure }, at) => `${keep(failing, `seed${seed}-${at}`)}: ${failure}`,
  );
  assert.deepEqual(saved, [], `seed ${seed}`);
  // A run in which nothing is accepted, or nothing refused, would prove nothing.
  assert.ok(report.accepted > report.messages / 10, `${report.accepted} of ${report.messages} accepted`);
  assert.ok(report.stricter.size >= 5, 'hardly any class of differences was met');
});
