// Each line of the catalog agrees with the two files of its filter.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAIN } from '../config/schemas/chain-use.ts';
import { sampleConfig, sampleRoute } from '../runtime/sample-config.fixture.ts';
import { filterEntries, loadDefinitions } from './catalog.ts';
import { filtersInUse } from './filters-in-use.ts';

test('a configuration loads the filters that it names, those inside others too, and no others', async () => {
  const before = [...(await loadDefinitions([])).keys()];
  assert.deepEqual(before, []);
  const inner = [{ name: 'apiKey', config: {} }];
  const config = sampleConfig({
    filters: [{ name: 'requestId', config: {} }],
    routes: [
      {
        ...sampleRoute('a', '/a'),
        filters: [
          { name: 'anyOf', config: [...inner, { name: 'allOf', config: [{ name: 'jwt', config: {} }] }] },
          { name: 'unheardOf', config: {} },
        ],
      },
    ],
  });
  assert.deepEqual([...(await filtersInUse(config)).keys()].sort(), ['allOf', 'anyOf', 'apiKey', 'jwt', 'requestId']);
});

test('no filter has the name under which chains are used', () => {
  assert.equal(
    filterEntries.some(({ name }) => name === CHAIN),
    false,
  );
});

for (const { name, language, definition } of filterEntries) {
  test(`${name}: one name, and one word on whether it finds out who calls`, async () => {
    const schema = await language();
    const filter = await definition();
    assert.equal(schema.name, name);
    assert.equal(filter.name, name);
    assert.equal(schema.identifies === true, filter.identityHeaders !== undefined);
    assert.equal(schema.nests === true, filter.inner !== undefined);
  });
}
