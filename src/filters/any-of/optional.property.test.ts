// Random nests of anyOf and allOf with credentials that are optional: who passes as a stranger has shown nothing, and who shows nothing
// passes exactly where nothing is required.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { filterServices } from '../../../test/support/filter-services.ts';
import { Fault } from '../../base/fault.ts';
import { optionalOf } from '../../base/schema/optional-login.ts';
import { checkOptionalFilters } from '../../config/checks/check-optional-filters.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, WrittenFilter } from '../../exchange/filter.ts';
import { allOfFilter } from '../all-of/filter.ts';
import type { AnyOfConfig } from './config.ts';
import { anyOfFilter } from './filter.ts';

const consumer = { name: 'acme', tenant: null, plan: null, groups: [], tags: {} };
const guest = { ...consumer, name: 'guest' };
const places = ['x-a', 'x-b', 'x-c'];

const untilNextTurn = () => new Promise<void>(resolve => setImmediate(resolve));

/** An identity filter by one header, whose credential may be optional. */
function leaf(header: string, isOptional: boolean): Filter {
  const challenges = [['WWW-Authenticate', header]] as const;
  const decide = (exchange: Exchange): void => {
    const credential = exchange.request.headers.get(header);
    if (credential === undefined) exchange.refuse(new Fault('credentials_missing'), challenges);
    else if (credential !== 'good') exchange.refuse(new Fault('credentials_invalid'), challenges);
    else {
      exchange.consumer = consumer;
      exchange.identity = { by: header, subject: '', keyId: '', scopes: [], claims: null };
    }
  };
  return {
    strangers: {
      isOptional,
      challenges,
      letPass(exchange) {
        exchange.consumer ??= guest;
      },
    },
    onRequest: header === 'x-b' ? exchange => untilNextTurn().then(() => decide(exchange)) : decide,
  };
}

const { nest } = fc.letrec<{ nest: WrittenFilter; member: WrittenFilter; leaf: WrittenFilter }>(tie => ({
  leaf: fc.record({
    name: fc.constantFrom(...places),
    config: fc.record({ optional: fc.constantFrom(false, true, { consumer: 'guest' }) }),
  }),
  member: fc.oneof({ maxDepth: 2, withCrossShrink: true }, tie('leaf'), tie('nest')),
  nest: fc.record({
    name: fc.constantFrom('anyOf', 'allOf'),
    config: fc.array(tie('member'), { minLength: 2, maxLength: 3 }),
  }),
}));
const sendings = fc.dictionary(fc.constantFrom(...places), fc.constantFrom('good', 'bad'));

test('who passes as a stranger has shown nothing', async t => {
  let slot = 10;
  const build = ({ name, config }: WrittenFilter, isInner: boolean): Filter => {
    if (places.includes(name)) return leaf(name, optionalOf({ name, config }) !== null);
    const definition = name === 'anyOf' ? anyOfFilter : allOfFilter;
    const services = filterServices({ slot: slot++, isInner, inner: each => build(each, true) });
    // Because: the arbitrary above has made a list of filters.
    return definition.build(config as AnyOfConfig, services);
  };
  let current: Filter = {};
  const chosen: FilterDefinition<unknown> = {
    name: 'chosen',
    identityHeaders: () => [],
    build: () => ({ onRequest: exchange => current.onRequest?.(exchange) }),
  };
  const tell: FilterDefinition<unknown> = {
    name: 'tell',
    build: () => ({
      onRequest: exchange => exchange.reply({ status: 200, body: exchange.identity === null ? 'stranger' : 'known' }),
    }),
  };
  const gateway = await startFilterGateway([written(chosen, z.any(), {}), written(tell, z.any(), {})], () => {});
  t.after(() => gateway.stop());

  await fc.assert(
    fc.asyncProperty(nest, sendings, async (tree, headers) => {
      fc.pre(checkOptionalFilters([], [tree], [], new Set(['guest'])).length === 0);
      current = build(tree, false);
      const { status, body } = await ask(gateway.port, { headers });
      const shown = Object.keys(headers).filter(header => JSON.stringify(tree).includes(header));
      if (status === 200 && body.toString() === 'stranger') assert.deepEqual(shown, []);
      if (shown.length === 0) assert.equal(status, optionalOf(tree) === null ? 401 : 200);
    }),
    { numRuns: 400 },
  );
});
