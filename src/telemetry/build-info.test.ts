// cardea_build_info: one series with the versions that run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeBuildInfo } from './build-info.ts';
import { MetricRegistry } from './metric-registry.ts';
import { renderPrometheus } from './prometheus.ts';

test('the build is one series of value 1 with both versions', () => {
  const registry = new MetricRegistry();
  writeBuildInfo(registry, '1.2.3');
  // A worker's cells must not add to it.
  registry.openSlot(0);
  const lines = renderPrometheus(registry)
    .split('\n')
    .filter(line => line.startsWith('cardea_build_info'));
  assert.deepEqual(lines, [`cardea_build_info{version="1.2.3",node_version="${process.versions.node}"} 1`]);
});
