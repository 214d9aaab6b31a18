// A client's malformed message: the right status as problem+json, a closed connection, nothing sent on, and the right counter plus one.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type FaultCode, faultKinds } from '../../../src/base/fault.ts';
import { readAnswers } from '../../support/answers.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';

const head = (...lines: readonly string[]): string => ['GET / HTTP/1.1', 'Host: test', ...lines, '', ''].join('\r\n');
const post = (...lines: readonly string[]): string => ['POST / HTTP/1.1', 'Host: test', ...lines, '', ''].join('\r\n');

const refused: readonly (readonly [name: string, code: FaultCode, status: number, message: string])[] = [
  ['a request line that is none', 'malformed_request_line', 400, 'GET\r\n\r\n'],
  ['a fragment in the target', 'malformed_target', 400, 'GET /a#b HTTP/1.1\r\nHost: test\r\n\r\n'],
  ['a control byte in the target', 'malformed_target', 400, 'GET /a\x01b HTTP/1.1\r\nHost: test\r\n\r\n'],
  ['HTTP/3.0', 'unsupported_version', 505, 'GET / HTTP/3.0\r\nHost: test\r\n\r\n'],
  ['white space before a colon', 'malformed_header', 400, head('a : b')],
  ['a folded header', 'malformed_header', 400, head('a: b', ' c')],
  ['a byte outside the grammar', 'malformed_header', 400, head('a: b\0c')],
  ['a bare LF', 'bare_line_ending', 400, 'GET / HTTP/1.1\nHost: test\r\n\r\n'],
  ['a bare CR', 'bare_line_ending', 400, head('a: b\rc')],
  ['two different lengths', 'invalid_content_length', 400, post('Content-Length: 1', 'Content-Length: 2')],
  ['a length with a sign', 'invalid_content_length', 400, post('Content-Length: +1')],
  ['length with chunked', 'conflicting_length', 400, post('Content-Length: 1', 'Transfer-Encoding: chunked')],
  ['chunked not last', 'unsupported_transfer_coding', 400, post('Transfer-Encoding: chunked, gzip')],
  ['another coding', 'unsupported_transfer_coding', 400, post('Transfer-Encoding: gzip, chunked')],
  ['a bad chunk size', 'malformed_chunk', 400, `${post('Transfer-Encoding: chunked')}x\r\n`],
  [
    'a long chunk extension',
    'malformed_chunk',
    400,
    `${post('Transfer-Encoding: chunked')}1;${'a'.repeat(20_000)}\r\n`,
  ],
  ['no Host', 'invalid_host', 400, 'GET / HTTP/1.1\r\n\r\n'],
  ['several Hosts', 'invalid_host', 400, head('Host: test')],
  ['another expectation', 'expectation_failed', 417, post('Content-Length: 1', 'Expect: 200-ok')],
  ['CONNECT', 'method_not_implemented', 501, 'CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n'],
  ['a long request line', 'uri_too_long', 414, `GET /${'a'.repeat(9_000)} HTTP/1.1\r\nHost: test\r\n\r\n`],
  ['a large head', 'header_too_large', 431, head(`a: ${'b'.repeat(40_000)}`)],
  ['many fields', 'header_too_large', 431, head(...Array.from({ length: 101 }, () => 'a: b'))],
  ['an empty segment in the path', 'ambiguous_path', 400, 'GET /a//b HTTP/1.1\r\nHost: test\r\n\r\n'],
  ['more parents than segments', 'ambiguous_path', 400, 'GET /a/../../b HTTP/1.1\r\nHost: test\r\n\r\n'],
  [
    'an upgrade with a body',
    'invalid_upgrade',
    400,
    `${post('Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 1')}x`,
  ],
  ['a large body', 'body_too_large', 413, `${post('Content-Length: 2000')}`],
];

describe('refused, told why, closed and counted', () => {
  for (const [name, code, status, message] of refused)
    test(`${name}: ${status} ${code}`, async t => {
      let whole = 0;
      const { engine } = await engineBefore(
        t,
        { onRequest: () => void whole++ },
        {
          limits: { bodyBytesMax: 1_000, headerBytesMax: 32_768, headerCountMax: 100 },
        },
      );
      const client = await ClientConnection.open(engine.port);
      t.after(async () => client.destroy());
      // What follows the message is never read.
      client.send(`${message}GET /hidden HTTP/1.1\r\nHost: test\r\n\r\n`);
      await client.end();
      const answers = readAnswers(client.received, [], true);
      assert.equal(answers.length, 1);
      const { headers, body, ...answer } = answers[0]!;
      assert.equal(answer.status, status);
      assert.equal(answer.complete, true);
      assert.deepEqual(headers.get('content-type'), ['application/problem+json']);
      assert.deepEqual(headers.get('connection'), ['close']);
      assert.match(headers.get('proxy-status')?.[0] ?? '', new RegExp(`^cardea; error=\\w+; details="${code}"$`));
      // Because: a problem is a map of members (RFC 9457 section 3).
      const problem = JSON.parse(body) as Readonly<Record<string, unknown>>;
      assert.deepEqual([problem['code'], problem['status']], [code, status]);
      // Because: the table's keys are the codes, which Object.keys does not say.
      const counts = (Object.keys(faultKinds) as FaultCode[]).map(each => [each, engine.refusals(each)]);
      assert.deepEqual(
        counts.filter(([, count]) => count !== 0),
        [[code, 1]],
      );
      assert.deepEqual(
        (await engine.accessLines()).map(line => [line.status, line.code]),
        [[status, code]],
      );
      // The operator sees it in the counter only: a flood of malformed messages must not flood the log.
      assert.deepEqual(engine.log, []);
      assert.ok(whole === 0 || code === 'malformed_chunk', 'the backend heard of it');
    });
});
