// Filters under a name, in the running gateway and on the command line: they run and count as if they were written out in each route.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { audit } from '../../../src/cli/audit.ts';
import { diff } from '../../../src/cli/diff.ts';
import { explain } from '../../../src/cli/explain.ts';
import { validate } from '../../../src/cli/validate.ts';
import { runHere } from '../../support/command-here.ts';
import { startGateway } from '../../support/gateway.ts';
import { reloadWith } from '../../support/reload-with.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-chains-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const full = path.join(folder, name);
  writeFileSync(full, text);
  return full;
}

const reply = 'to: { reply: { status: 204 } }';

describe('in the gateway', () => {
  const text = `chains:
  own: [{ rateLimit: { limit: 1/h, by: ip } }]
  shared: [{ rateLimit: { limit: 2/h, by: ip, budget: all } }]
  told: [{ headers: { response: { set: { x-chain: before } } } }]
filters: [{ chain: told }]
routes:
  - { name: a, match: { path: /a }, filters: [{ chain: own }], ${reply} }
  - { name: b, match: { path: /b }, filters: [{ chain: own }], ${reply} }
  - { name: c, match: { path: /c }, filters: [{ chain: shared }], ${reply} }
  - { name: d, match: { path: /d }, filters: [{ chain: shared }], ${reply} }
`;

  test('each route counts for itself, and with a budget all together; a changed chain serves after a reload', async t => {
    const gateway = await startGateway(text);
    t.after(() => gateway.stop());
    const ask = async (target: string) => await fetch(`http://127.0.0.1:${gateway.port}${target}`);
    const statuses: number[] = [];
    for (const target of ['/a', '/b', '/a', '/b', '/c', '/d', '/c', '/d']) statuses.push((await ask(target)).status);
    assert.deepEqual(statuses, [204, 204, 429, 429, 204, 204, 429, 429]);
    assert.equal((await ask('/a')).headers.get('x-chain'), 'before');
    await reloadWith(gateway, before =>
      before.replace('x-chain: before', 'x-chain: after').replace('limit: 1/h', 'limit: 5/h'),
    );
    const changed = await ask('/a');
    assert.deepEqual([changed.status, changed.headers.get('x-chain')], [204, 'after']);
    assert.equal((await ask('/d')).status, 429, 'an unchanged budget keeps its counts');
  });
});

describe('on the command line', () => {
  const document = (limit: string) => `listeners: [{ address: 127.0.0.1:0 }]
chains:
  partners: [{ apiKey: {} }, { rateLimit: { limit: ${limit}, by: ip } }]
routes:
  - { name: a, match: { path: /a }, filters: [{ chain: partners }], ${reply} }
  - { name: b, match: { path: /b }, filters: [{ requestId: {} }, { chain: partners }], ${reply} }
  - { name: c, match: { path: /c }, public: true, ${reply} }
`;
  const main = file('cardea.yaml', document('1/h'));

  test('explain says which chain a filter is from', async () => {
    const { said } = await runHere(explain, '-c', main, 'GET', '/b');
    assert.match(said, /1\. requestId\n.*2\. apiKey \(chain partners\)\n.*3\. rateLimit \(chain partners\)\n/);
    const { said: json } = await runHere(explain, '--json', '-c', main, 'GET', '/b');
    assert.deepEqual(JSON.parse(json).filters[1], { name: 'apiKey', from: 'route', chain: 'partners' });
  });

  test('audit sees the guard in the chain', async () => {
    const { code, said } = await runHere(audit, '-c', main);
    assert.equal(code, 0, said);
  });

  test('diff tells a change of the chain once', async () => {
    const { said } = await runHere(diff, main, file('after.yaml', document('2/h')));
    assert.match(
      said,
      /^~ chain partners\n {4}filters\[rateLimit\]\.limit.*1\/h.*2\/h.*\n(?: {4}.*\n)* {4}in the routes a, b\n$/,
    );
  });

  test('what is wrong with a filter where it runs is told at the chain, once, with its routes', async () => {
    const wrong = file(
      'wrong.yaml',
      document('1/h').replace('apiKey: {}', 'requestId: {}').replace('by: ip', 'by: consumer'),
    );
    const { code, said } = await runHere(validate, '-c', wrong);
    assert.equal(code, 1, said);
    assert.match(said, /wrong\.yaml:3:\d+/);
    assert.equal(said.match(/\(in the routes a, b\)/g)?.length, 1, said);
  });
});
