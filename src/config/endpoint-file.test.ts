import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEndpointFile } from './endpoint-file.ts';

test('endpoints as under an upstream, in YAML and in JSON', () => {
  const yaml =
    '# written by the deployment\nendpoints:\n  - http://10.0.0.1:8080\n  - { url: https://10.0.0.2, weight: 3, zone: a }\n';
  const json = JSON.stringify({
    endpoints: ['http://10.0.0.1:8080', { url: 'https://10.0.0.2', weight: 3, zone: 'a' }],
  });
  const endpoints = [
    { url: 'http://10.0.0.1:8080', tls: false, host: '10.0.0.1', port: 8080, weight: 1, zone: '' },
    { url: 'https://10.0.0.2:443', tls: true, host: '10.0.0.2', port: 443, weight: 3, zone: 'a' },
  ];
  assert.deepEqual(readEndpointFile(yaml, '/x/endpoints.yaml'), endpoints);
  assert.deepEqual(readEndpointFile(json, '/x/endpoints.json'), endpoints);
});

test('an empty list is meant; an empty file is a mistake', () => {
  assert.deepEqual(readEndpointFile('endpoints: []\n', 'e.yaml'), []);
  assert.throws(() => readEndpointFile('', 'e.yaml'), /line 1, column 1: `endpoints` is missing/);
});

test('what is wrong is told with its place', () => {
  assert.throws(
    () => readEndpointFile('endpoints:\n  - http://10.0.0.1:8080/path\n', 'e.yaml'),
    /line 2, column 5: .*no path/,
  );
  assert.throws(() => readEndpointFile('endpoints:\n  - {\n', 'e.yaml'), /line \d+, column \d+/);
  assert.throws(
    () => readEndpointFile('endpoints: []\nbalance: p2c\n', 'e.yaml'),
    /line 2, column 1: unknown key "balance"/,
  );
  assert.throws(() => readEndpointFile('{"endpoints": [', 'e.json'), /line 1, column/);
});
