// Offsets come out as they went in, and unchanged offsets give the same map.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricRegistry } from './metric-registry.ts';
import { OffsetsUnpacker, packOffsets } from './packed-offsets.ts';

test('offsets come through as they were, the same map until a name is added', () => {
  const registry = new MetricRegistry();
  const unpacker = new OffsetsUnpacker();
  registry.block('route', 'grüße "1"');
  const first = unpacker.unpack('route', packOffsets(registry.blocks('route')));
  assert.deepEqual(first, registry.blocks('route'));
  assert.equal(unpacker.unpack('route', packOffsets(registry.blocks('route'))), first);
  registry.block('route', 'other one');
  const second = unpacker.unpack('route', packOffsets(registry.blocks('route')));
  assert.deepEqual(second, registry.blocks('route'));
  assert.notDeepEqual(second, first);
  assert.deepEqual(unpacker.unpack('mirror', packOffsets(registry.blocks('mirror'))), registry.blocks('mirror'));
});
