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
  assert.deepEqual(readEndpointFile(yaml, '/x/endpoints.yaml', 'http/1.1'), endpoints);
  assert.deepEqual(readEndpointFile(json, '/x/endpoints.json', 'http/1.1'), endpoints);
});

test('an empty list is meant; an empty file is a mistake', () => {
  assert.deepEqual(readEndpointFile('endpoints: []\n', 'e.yaml', 'http/1.1'), []);
  assert.throws(() => readEndpointFile('', 'e.yaml', 'http/1.1'), /line 1, column 1: `endpoints` is missing/);
});

test('what is wrong is told with its place', () => {
  assert.throws(
    () => readEndpointFile('endpoints:\n  - http://10.0.0.1:8080/path\n', 'e.yaml', 'http/1.1'),
    /line 2, column 5: .*no path/,
  );
  assert.throws(() => readEndpointFile('endpoints:\n  - {\n', 'e.yaml', 'http/1.1'), /line \d+, column \d+/);
  assert.throws(
    () => readEndpointFile('endpoints: []\nbalance: p2c\n', 'e.yaml', 'http/1.1'),
    /line 2, column 1: unknown key "balance"/,
  );
  assert.throws(() => readEndpointFile('{"endpoints": [', 'e.json', 'http/1.1'), /line 1, column/);
});

test('an endpoint that does not fit the protocol is told with its place: nothing falls back to plain text in silence', () => {
  const both = 'endpoints:\n  - http://10.0.0.1:8080\n  - { url: https://10.0.0.2, weight: 3 }\n';
  for (const protocol of ['h2', 'auto'] as const) {
    assert.throws(
      () => readEndpointFile(both, 'e.yaml', protocol),
      new RegExp(`line 2, column 5: \`${protocol}\` needs https:// endpoints`),
    );
  }
  assert.throws(() => readEndpointFile(both, 'e.yaml', 'h2c'), /line 3, column 5: `h2c` is plain text/);
  assert.equal(readEndpointFile('endpoints: [http://10.0.0.1]\n', 'e.yaml', 'h2c').length, 1);
  assert.equal(readEndpointFile('endpoints: [https://10.0.0.1]\n', 'e.yaml', 'h2').length, 1);
});
