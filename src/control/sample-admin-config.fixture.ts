// A checked configuration for tests of admin's pages: one upstream, one route, one secret.

import type { Config } from '../config/config.ts';

const match = { hosts: [], path: '/users/*', methods: [], headers: [], query: [], cookies: [], body: [] };

/** Contains only what the pages read. */
export const sampleAdminConfig = {
  version: 'abc123',
  listeners: [],
  upstreams: [{ name: 'users', endpoints: [{ url: 'http://10.0.0.1:80' }] }],
  consumers: [{ name: 'acme', plan: null, tenant: null, keys: [{ id: 'k1', hash: 'sha256:s3cret' }] }],
  filters: [],
  routes: [{ name: 'users', match, public: true, filters: [], to: { kind: 'upstream', upstream: 'users' } }],
  // Because: a whole Config would be a page of defaults that no test looks at.
} as unknown as Config;
