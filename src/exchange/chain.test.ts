// The order of filters and its exceptions: early replies, filters that fail, filters that wait.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { ask, startFilterGateway } from '../../test/support/filter-gateway.ts';
import { buildChain, FILTERS_MAX } from './chain.ts';
import type { Filter, FilterDefinition } from './filter.ts';

const anything = z.unknown();

/** Makes a filter object into an entry of a gateway's configuration. */
function played(filter: Filter) {
  const definition: FilterDefinition<unknown> = { name: 'played', build: () => filter };
  return { definition, schema: anything, config: null };
}

/** A filter that writes into `steps` what it sees. */
function recorder(name: string, steps: string[], more: Filter = {}): Filter {
  return {
    onRequest: exchange => {
      steps.push(`${name} request`);
      return more.onRequest?.(exchange);
    },
    onResponse: exchange => {
      steps.push(`${name} response`);
      return more.onResponse?.(exchange);
    },
    onEnd: () => {
      steps.push(`${name} end`);
    },
  };
}

async function run(filters: readonly Filter[], steps: string[]) {
  const gateway = await startFilterGateway(filters.map(played), (_request, response) => {
    steps.push('backend');
    response.end('ok');
  });
  try {
    return await ask(gateway.port);
  } finally {
    await gateway.stop();
  }
}

test('an answer passes back in reverse order, and every filter hears of the end', async () => {
  const steps: string[] = [];
  const answer = await run([recorder('a', steps), recorder('b', steps)], steps);
  assert.equal(answer.status, 200);
  assert.deepEqual(steps, ['a request', 'b request', 'backend', 'b response', 'a response', 'a end', 'b end']);
});

test('an early reply passes back only through the filters that were entered', async () => {
  const steps: string[] = [];
  const early = recorder('b', steps, { onRequest: exchange => exchange.reply({ status: 299 }) });
  const answer = await run([recorder('a', steps), early, recorder('c', steps)], steps);
  assert.equal(answer.status, 299);
  assert.deepEqual(steps, ['a request', 'b request', 'b response', 'a response', 'a end', 'b end']);
});

test('a filter that waits holds the request, and only the first early reply counts', async () => {
  const steps: string[] = [];
  const waits = recorder('a', steps, {
    onRequest: async exchange => {
      await new Promise(resolve => setImmediate(resolve));
      exchange.reply({ status: 298 });
      exchange.reply({ status: 299 });
    },
  });
  const answer = await run([waits, recorder('b', steps)], steps);
  assert.equal(answer.status, 298);
  assert.deepEqual(steps, ['a request', 'a response', 'a end']);
});

for (const [how, fail] of [
  [
    'throws',
    () => {
      throw new Error('secret of the inside');
    },
  ],
  ['rejects', () => Promise.reject(new Error('secret of the inside'))],
] as const) {
  test(`a filter that ${how} is a 500 that tells nothing of the inside`, async () => {
    const steps: string[] = [];
    const answer = await run([recorder('a', steps, { onRequest: fail })], steps);
    assert.equal(answer.status, 500);
    assert.match(answer.body.toString(), /filter_failed/);
    assert.doesNotMatch(answer.body.toString(), /secret/);
    assert.ok(!steps.includes('backend'));
  });
}

test('hooks that nobody has cost nothing, and too many filters are refused', () => {
  const chain = buildChain([{}, { onEnd: () => {} }]);
  assert.deepEqual(
    [chain.onRequest.length, chain.onResponse.length, chain.hasRequestBody, chain.hasEnd],
    [0, 0, false, true],
  );
  assert.throws(() => buildChain(new Array<Filter>(FILTERS_MAX + 1).fill({})), /at most 30 filters/);
});
