// Gateways with a route that defers slow responses, to be fetched later, and clients of that route. For tests.

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayOptions, startGateway } from '../../support/gateway.ts';
import { VersionBackend } from '../../support/version-backend.ts';

// SHA-256 of `foo` and of `bar`.
const keys = {
  foo: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
  bar: 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9',
};

export interface DeferredAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Starts a gateway whose route `/reports` defers responses, in front of its own backend. `deferral` and `upstream` are YAML. */
export async function slowReports(
  t: TestContext,
  deferral: string,
  upstream = '',
  options: GatewayOptions = { workers: 2 },
) {
  const backend = await VersionBackend.start('reports');
  t.after(() => backend.stop());
  return { backend, ...(await reportsGateway(t, backend, deferral, upstream, options)) };
}

/** Starts such a gateway before a given backend. `stores` are lines of YAML. */
export async function reportsGateway(
  t: TestContext,
  backend: VersionBackend,
  deferral: string,
  upstream = '',
  options: GatewayOptions = { workers: 2 },
  stores = '',
) {
  const gateway = await startGateway(
    `${stores}consumers:
  - { name: acme, keys: [{ id: k1, hash: "sha256:${keys.foo}" }] }
  - { name: other, keys: [{ id: k2, hash: "sha256:${keys.bar}" }] }
upstreams:
  reports: { endpoints: [ "http://127.0.0.1:${backend.port}" ]${upstream} }
routes:
  - name: reports
    match: { path: /reports, methods: [POST] }
    filters:
      - apiKey: {}
      - headers: { response: { set: { x-filtered: "yes" } } }
    to: reports
    async: ${deferral}
`,
    options,
  );
  t.after(() => gateway.stop());
  // A new connection for each request, so that both workers are asked.
  const ask = (path: string, method = 'GET', key: string | null = 'foo', body = ''): Promise<DeferredAnswer> =>
    new Promise((resolve, reject) => {
      const headers = {
        ...(key !== null && { 'x-api-key': key }),
        ...(body !== '' && { 'content-length': body.length }),
      };
      const request = httpRequest(
        { host: '127.0.0.1', port: gateway.port, path, method, headers, agent: false },
        response => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('end', () =>
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              body: Buffer.concat(pieces).toString(),
            }),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  const fetchUntil = async (
    path: string,
    done: (answer: DeferredAnswer) => boolean,
    withinMs = 8_000,
  ): Promise<DeferredAnswer> => {
    const end = performance.now() + withinMs;
    for (;;) {
      // Because: while a worker is being replaced, nobody may accept the connection.
      const answer = await ask(path).catch(() => ({ status: 202, headers: {}, body: 'nobody' }));
      if (done(answer)) return answer;
      assert.ok(performance.now() < end, JSON.stringify(answer));
      await delay(20);
    }
  };
  return { gateway, ask, fetchUntil };
}
