// Revocation lists of the mtls filter are told of as those of a listener are: where they stand in the document, and when they expire.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { TestAuthority } from '../../test/support/certificates.ts';
import { loadFile } from './load.ts';

const DAY_MS = 86_400_000;
const [one, other] = [new TestAuthority('One'), new TestAuthority('Other')];
const folder = mkdtempSync(path.join(tmpdir(), 'cardea-lists-'));
after(() => {
  one.remove();
  other.remove();
  rmSync(folder, { recursive: true });
});
const { cert, key } = one.issue('api', { names: ['DNS:api.test'] });

const at = (days: number) => new Date(Math.floor(Date.now() / 1_000) * 1_000 + days * DAY_MS);

interface Wish {
  /** Settings of `crl` besides. */
  readonly more?: string;
  /** YAML, in which MTLS stands for the filter. */
  readonly filters?: string;
  readonly routes?: string;
}

async function loaded(lists: readonly string[], { more = '', filters = '[MTLS]', routes = '[]' }: Wish = {}) {
  const names = lists.map((text, index) => {
    writeFileSync(path.join(folder, `${index}.crl`), text);
    return `"\${file:${index}.crl}"`;
  });
  writeFileSync(path.join(folder, 'authorities.pem'), one.caText + other.caText);
  const file = path.join(folder, 'cardea.yaml');
  const mtls = `{ mtls: { clients: [{ dns: a.test }], crl: { lists: [${names.join(', ')}], authorities: "\${file:authorities.pem}"${more} } } }`;
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:8443, tls: { certificates: [{ cert: ${cert}, key: ${key} }], clientAuth: { ca: ${one.ca}, mode: optional } } }]
filters: ${filters.replaceAll('MTLS', mtls)}
routes: ${routes.replaceAll('MTLS', mtls)}
`,
  );
  const { problems, tls } = await loadFile(file);
  return {
    problems: problems.filter(({ message }) => message.includes('.crl')),
    lists: tls.revocationLists.map(list => [list.file, Math.round((list.expiresAt - Date.now()) / DAY_MS)]),
  };
}

test('a list that has expired is warned of at its place, and all are watched', async () => {
  const { problems, lists } = await loaded([one.listBetween(at(-9), at(6)), other.listBetween(at(-9), at(-2))]);
  assert.deepEqual(
    problems.map(({ severity, line, message }) => [severity, line, message]),
    [
      [
        'warning',
        2,
        `1.crl holds a list that has expired on ${at(-2).toISOString()}: clients with a certificate of its authority are refused; expected a list that is valid now`,
      ],
    ],
  );
  assert.deepEqual(lists, [
    ['0.crl', 6],
    ['1.crl', -2],
  ]);
});

test('of several lists of one authority the newest counts, wherever it stands', async () => {
  const { problems, lists } = await loaded([one.listBetween(at(-9), at(-2)), one.listBetween(at(-3), at(4))]);
  assert.deepEqual([problems, lists], [[], [['1.crl', 4]]]);
  // Its time has not come for OpenSSL; the filter uses it.
  assert.deepEqual((await loaded([one.listBetween(at(1), at(4))])).problems, []);
});

test('where an expired list is accepted, nobody is warned of it', async () => {
  const { problems, lists } = await loaded([one.listBetween(at(-9), at(-2))], { more: ', expired: accept' });
  assert.deepEqual([problems, lists], [[], []]);
});

test('filters of routes, and filters inside others, with the same lists are told of once', async () => {
  const route = (name: string, filter: string) =>
    `{ name: ${name}, match: { path: /${name} }, filters: [${filter}], to: { reply: { status: 204 } } }`;
  const inner = '{ anyOf: [{ apiKey: {} }, MTLS] }';
  const lists = [one.listBetween(at(-9), at(-2))];
  for (const wish of [
    { routes: `[${route('a', 'MTLS')}, ${route('b', inner)}]` },
    {
      filters: '[]',
      routes: `[${route('a', '{ cors: { origins: ["*"] } }')}, ${route('b', inner)}, ${route('c', 'MTLS')}]`,
    },
    { filters: `[${inner}]` },
  ]) {
    const { problems, lists: watched } = await loaded(lists, wish);
    assert.deepEqual(
      problems.map(({ severity }) => severity),
      ['warning'],
      JSON.stringify(wish),
    );
    assert.deepEqual(watched, [['0.crl', -2]]);
  }
});
