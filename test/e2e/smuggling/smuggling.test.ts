// The smuggling corpus through the running gateway to nginx, Apache httpd and node:http: one message never becomes two at a
// backend, and no backend sees a path that the router did not check.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Answer, hasAnswers, readAnswers } from '../../support/answers.ts';
import { startApache } from '../../support/apache.ts';
import type { Backend, SeenRequest } from '../../support/backend.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNginx } from '../../support/nginx.ts';
import { resolvePath, startNodeBackend } from '../../support/node-backend.ts';
import { sendRaw } from '../../support/raw-client.ts';
import { type IdentifiedCase, smugglingCorpus } from './corpus.ts';

const CONCURRENCY = 6;

interface Outcome {
  readonly answers: readonly Answer[];
  /** The received bytes, when they could not be parsed as responses. */
  readonly unreadable: string;
  /** Status of a plain request on a connection of its own, sent after the case. */
  readonly afterStatus: number;
}

function config(port: number): string {
  return `accessLog: { path: off }
upstreams:
  backend: { endpoints: ["http://127.0.0.1:${port}"], pool: { maxConnections: 4 } }
routes:
  - { name: admin, match: { path: /admin/* }, public: true, to: { reply: { status: 403 } } }
  - { name: public, match: { path: /public/* }, public: true, to: backend }
`;
}

/** The pieces in which the bytes are written; `apart` separates the head from what follows. */
function piecesOf(smuggling: IdentifiedCase, apart: boolean): string[] {
  const { request, later } = smuggling;
  const headEnd = request.indexOf('\r\n\r\n') + 4;
  const parted = apart && headEnd > 4 && headEnd < request.length;
  const pieces = parted ? [request.slice(0, headEnd), request.slice(headEnd)] : [request];
  return later === undefined ? pieces : [...pieces, later];
}

async function play(port: number, smuggling: IdentifiedCase, apart: boolean): Promise<Outcome> {
  const method = /^\s*([A-Z]+) /.exec(smuggling.request)?.[1] ?? '';
  const methods = [method];
  const pieces = piecesOf(smuggling, apart);
  const { received, closed } = await sendRaw(port, pieces, {
    timeoutMs: 3_000,
    pauseMs: 30,
    quietMs: 60,
    enough: hasAnswers(smuggling.answers ?? 1, methods),
  });
  const after = await sendRaw(port, [`GET /public/${smuggling.id}/after HTTP/1.1\r\nHost: gateway.test\r\n\r\n`], {
    enough: hasAnswers(1),
    quietMs: 0,
  });
  const afterStatus = readAnswers(after.received)[0]?.status ?? 0;
  try {
    return {
      answers: readAnswers(received, methods, closed).filter(answer => answer.status >= 200),
      unreadable: '',
      afterStatus,
    };
  } catch {
    return { answers: [], unreadable: received.toString('latin1'), afterStatus };
  }
}

function checkHeaders(smuggling: IdentifiedCase, seen: readonly SeenRequest[]): void {
  for (const { headers } of seen) {
    if (headers.length === 0) continue;
    const fields: [string, string][] = [];
    for (let at = 0; at < headers.length; at += 2) fields.push([headers[at]!.toLowerCase(), headers[at + 1]!]);
    for (const absent of smuggling.absent ?? []) {
      assert.ok(
        !fields.some(([name, value]) => name === absent || `${name}: ${value}` === absent),
        `the backend saw ${absent}`,
      );
    }
    for (const [name, value] of smuggling.present ?? []) {
      assert.deepEqual(
        fields.filter(([field]) => field === name).map(field => field[1]),
        [value],
        name,
      );
    }
  }
}

test('the corpus has at least 150 cases, no two of one name', () => {
  assert.ok(smugglingCorpus.length >= 150, `${smugglingCorpus.length}`);
  assert.equal(new Set(smugglingCorpus.map(smuggling => smuggling.name)).size, smugglingCorpus.length);
});

for (const [name, start, apart] of [
  ['node:http', startNodeBackend, false],
  ['node:http, head and body in two writes', startNodeBackend, true],
  ['nginx', startNginx, false],
  ['Apache httpd', startApache, false],
] as const) {
  describe(`in front of ${name}`, () => {
    let backend: Backend;
    let gateway: RunningGateway;
    let seen: SeenRequest[];
    const outcomes = new Map<string, Outcome>();

    before(async () => {
      backend = await start();
      gateway = await startGateway(config(backend.port));
      const queue = [...smugglingCorpus];
      await Promise.all(
        Array.from({ length: CONCURRENCY }, async () => {
          for (let next = queue.shift(); next !== undefined; next = queue.shift())
            outcomes.set(next.id, await play(gateway.port, next, apart));
        }),
      );
      // The gateway is stopped first: that cuts what is still in progress, so that the logs are complete.
      await gateway.stop();
      seen = await backend.seen();
    });
    after(async () => {
      await gateway?.stop();
      await backend?.stop();
    });

    for (const smuggling of smugglingCorpus) {
      test(smuggling.name, () => {
        const outcome = outcomes.get(smuggling.id)!;
        const mine = seen.filter(({ line }) => line.includes(smuggling.id) && !line.includes(`${smuggling.id}/after`));
        const whole = mine.filter(({ complete }) => complete);
        for (const { line, path } of mine) {
          assert.ok(
            !line.includes('/smuggled/') && !line.includes('chunk-of-'),
            `the backend saw the hidden request: ${line}`,
          );
          for (const resolved of [path, resolvePath(line.split(' ')[1] ?? '')]) {
            assert.ok(!/^\/admin(\/|$)/i.test(resolved), `the backend resolves ${line} to ${resolved}`);
          }
        }
        assert.equal(outcome.unreadable, '');
        const status = outcome.answers[0]?.status ?? 0;
        // node:http refuses nothing that nginx and httpd accept; what those refuse of a valid message is their business.
        const statuses =
          smuggling.forwarded > 0 && whole.length > 0 && !name.startsWith('node:http')
            ? [...smuggling.status, 400, 404, 405, 426]
            : smuggling.status;
        assert.ok(
          statuses.includes(status),
          `answered ${status}, expected ${smuggling.status.join(' or ')}; the backend saw ${JSON.stringify(mine.map(({ line }) => line))}`,
        );
        if (status >= 200 && status < 300)
          assert.equal(whole.length, smuggling.forwarded, JSON.stringify(mine.map(({ line }) => line)));
        else assert.ok(whole.length <= smuggling.forwarded, JSON.stringify(mine.map(({ line }) => line)));
        if (smuggling.path !== undefined && whole.length > 0) assert.equal(whole[0]!.path, smuggling.path);
        checkHeaders(smuggling, whole);
      });
    }

    test('behind every case a plain request is one plain request', () => {
      const wrong = smugglingCorpus.filter(({ id }) => {
        const lines = seen.filter(({ line }) => line.includes(`${id}/after`)).map(({ line }) => line);
        return (
          outcomes.get(id)!.afterStatus !== 200 || lines.length !== 1 || lines[0] !== `GET /public/${id}/after HTTP/1.1`
        );
      });
      assert.deepEqual(
        wrong.map(({ name: wrongName, id }) => `${wrongName}: ${outcomes.get(id)!.afterStatus}`),
        [],
      );
    });

    test('the backend never found a message malformed, and saw nothing that is nobody’s', () => {
      const strays = seen.filter(({ line }) => !/q[0-9a-z]{3}/.test(line));
      assert.deepEqual(strays, []);
    });
  });
}
