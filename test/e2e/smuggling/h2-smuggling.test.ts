// The HTTP/2 smuggling corpus through the running gateway to nginx, Apache httpd and node:http: one stream never becomes two requests
// at a backend, and no backend sees a path, host or header that was not checked.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApache } from '../../support/apache.ts';
import type { Backend, SeenRequest } from '../../support/backend.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type Answer, type FieldList, get, H2Client } from '../../support/h2-client.ts';
import { startNginx } from '../../support/nginx.ts';
import { resolvePath, startNodeBackend } from '../../support/node-backend.ts';
import { type H2Case, h2Cases } from './cases/h2.ts';

interface Outcome {
  readonly answer: Answer;
  /** Status of a plain request on the same connection, sent after the case. */
  readonly afterStatus: number;
}

const corpus = h2Cases.map((each, at) => ({ ...each, id: `h${at.toString(36).padStart(3, '0')}` }));

function config(port: number): string {
  return `listeners: [{ address: "127.0.0.1:{{port}}", protocols: [h2c], http2: { resetBurst: 100000 } }]
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
upstreams:
  backend: { endpoints: ["http://127.0.0.1:${port}"], pool: { maxConnections: 4 } }
routes:
  - { name: admin, match: { path: /admin/* }, public: true, to: { reply: { status: 403 } } }
  - { name: public, match: { path: /public/* }, public: true, to: backend }
`;
}

async function play(
  port: number,
  { id, fields, data = [], trailers }: H2Case & { readonly id: string },
): Promise<Outcome> {
  const length = data.join('').replaceAll('{id}', id).length;
  const fill = (text: string): string => text.replaceAll('{id}', id).replaceAll('{length}', String(length));
  const filled = (list: FieldList): FieldList => list.map(([name, value]) => [fill(name), fill(value)] as const);
  const client = await H2Client.open(port);
  // In one write: the error after a head must arrive before the backend can have answered the head.
  client.socket.cork();
  client.headers(1, filled(fields), data.length === 0 && trailers === undefined);
  data.forEach((piece, at) => {
    client.data(1, fill(piece), at === data.length - 1 && trailers === undefined);
  });
  if (trailers !== undefined) client.headers(1, filled(trailers));
  client.socket.uncork();
  const answer = await client.answer(1);
  client.headers(3, get(`/public/${id}/after`));
  const { status } = await client.answer(3);
  client.close();
  return { answer, afterStatus: status };
}

test('the corpus has at least 150 cases, no two of one name', () => {
  assert.ok(corpus.length >= 150, `${corpus.length}`);
  assert.equal(new Set(corpus.map(({ name }) => name)).size, corpus.length);
});

for (const [name, start] of [
  ['node:http', startNodeBackend],
  ['nginx', startNginx],
  ['Apache httpd', startApache],
] as const) {
  describe(`HTTP/2 in front of ${name}`, () => {
    let backend: Backend;
    let gateway: RunningGateway;
    let seen: SeenRequest[];
    const outcomes = new Map<string, Outcome>();

    before(async () => {
      backend = await start();
      gateway = await startGateway(config(backend.port));
      for (const each of corpus) outcomes.set(each.id, await play(gateway.port, each));
      await gateway.stop();
      seen = await backend.seen();
    });
    after(async () => {
      await gateway?.stop();
      await backend?.stop();
    });

    for (const each of corpus)
      test(each.name, () => {
        const { answer, afterStatus } = outcomes.get(each.id)!;
        assert.equal(afterStatus, 200);
        const mine = seen.filter(({ line }) => line.includes(each.id) && !line.includes(`${each.id}/after`));
        const whole = mine.filter(({ complete }) => complete);
        for (const { line, path } of mine) {
          assert.ok(!line.includes('/smuggled/'), `the backend saw the hidden request: ${line}`);
          for (const resolved of [path, resolvePath(line.split(' ')[1] ?? '')])
            assert.ok(!/^\/admin(\/|$)/i.test(resolved), `the backend resolves ${line} to ${resolved}`);
        }
        if (each.reset !== undefined) {
          assert.equal(answer.reset, each.reset, `answered ${answer.status}`);
          assert.equal(answer.status, 0);
          // Servers that log incomplete requests log them as requests.
          if (name === 'node:http') assert.ok(whole.length <= each.forwarded);
          return;
        }
        const own = each.forwarded === 1 && name !== 'node:http' ? [400, 404, 405] : [];
        assert.ok(
          [...(each.status ?? []), ...own].includes(answer.status),
          `answered ${answer.status}, reset ${answer.reset}`,
        );
        if (answer.status >= 200 && answer.status < 300) assert.equal(whole.length, each.forwarded);
        else assert.ok(whole.length <= each.forwarded);
        checkHeaders(each, whole);
      });

    test('the backend found nothing malformed and nothing that is nobody’s, and every plain request once', () => {
      const strays = seen.filter(({ line }) => !/h[0-9a-z]{3}/.test(line));
      assert.deepEqual(strays, []);
      for (const { id } of corpus) {
        const lines = seen.filter(({ line }) => line.includes(`${id}/after`)).map(({ line }) => line);
        assert.deepEqual(lines, [`GET /public/${id}/after HTTP/1.1`]);
      }
    });
  });
}

function checkHeaders({ absent = [], present = [] }: H2Case, seen: readonly SeenRequest[]): void {
  for (const { headers } of seen) {
    if (headers.length === 0) continue;
    const list: [string, string][] = [];
    for (let at = 0; at < headers.length; at += 2) list.push([headers[at]!.toLowerCase(), headers[at + 1]!]);
    for (const each of absent)
      assert.ok(
        !list.some(([field, value]) => field === each || `${field}: ${value}` === each),
        `the backend saw ${each}`,
      );
    for (const [field, value] of present)
      assert.deepEqual(
        list.filter(([each]) => each === field).map(([, text]) => text),
        [value],
        field,
      );
  }
}
